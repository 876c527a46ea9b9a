#include "tests/sim/run_seed.h"

#include <fmt/format.h>

#include "tests/sim/drill.h"
#include "tests/sim/excuse_bounds.h"
#include "tests/sim/faults.h"
#include "tests/sim/liveness.h"
#include "tests/sim/scene_plan.h"

namespace zkcluster::sim {
namespace {

constexpr Duration kQuiet = std::chrono::seconds(3);
constexpr double kDrills = 0.5;  // the share of seeds that end with one

// Most seeds create the clusters first, the others start the checkers first.
void Begin(Scene& scene, Dice& dice) {
  const auto start_checkers = [&] {
    for (std::size_t i = 0; i < scene.plan.checkers.size(); ++i) scene.StartChecker(i);
  };
  const auto create = [&] {
    for (std::size_t k = 0; k < scene.clusters().size(); ++k) {
      Operator& who = *scene.OperatorAt(0);
      who.Create(scene.plan.clusters[k].spec);
      scene.RunUntil([&] { return !who.busy(); }, std::chrono::seconds(5));
      const std::int32_t first = scene.plan.clusters[k].first_sequence;
      if (first != 0) {
        scene.counters.Add("sequence near wrap");
        scene.ensemble.SetSequence(scene.Paths(k).election(), first);
      }
    }
  };
  // A server's counter never jumps ahead of existing candidates.
  bool near_wrap = false;
  for (const auto& cluster : scene.plan.clusters) near_wrap |= cluster.first_sequence != 0;
  const bool checkers_first = !near_wrap && dice.Chance(0.3);
  if (checkers_first) start_checkers();
  create();
  if (!checkers_first) start_checkers();
  for (int i = 0; i < scene.plan.readers; ++i) scene.StartReader();
}

void Count(const Scene& scene, const history::ExcuseCounts& excuses, SeedResult& result) {
  const auto& judged = scene.judge().counters();
  Counters& counters = result.counters;
  counters = scene.counters;
  counters.Add("transactions", judged.transactions);
  counters.Add("incarnations", judged.incarnations);
  counters.Add("take-overs", judged.take_overs);
  counters.Add("depositions", judged.depositions);
  counters.Add("commits", judged.commits);
  counters.Add("commits without vote checks", judged.commits_unchecked);
  counters.Add("flips", judged.flips);
  counters.Add("ballots", judged.ballots);
  counters.Add("requests", scene.ensemble.requests_served());
  CountExcuses(excuses, counters);
  result.hash = scene.hash();
  result.events = scene.world.steps();
}

}  // namespace

Mode ModeOf(const SeedOptions& options) {
  if (options.mode != Mode::kBoth) return options.mode;
  return options.seed % 2 == 1 ? Mode::kSafety : Mode::kLiveness;
}

SeedResult RunSeed(const SeedOptions& options) {
  SeedResult result;
  ScenePlan plan = DrawScene(options.seed);
  plan.trace = options.trace;
  const FaultPlan faults = DrawFaults(plan);
  const Mode mode = ModeOf(options);
  result.description = fmt::format("seed {}: {}, {} steps\n", options.seed,
                                   mode == Mode::kSafety ? "safety" : "liveness", options.steps) +
                       plan.Describe() + faults.Describe();
  if (options.trace == TraceMode::kPrinted) std::printf("%s", result.description.c_str());

  Scene scene(std::move(plan));
  FaultMachine machine(scene, faults);
  Dice dice(options.seed, "run");
  Begin(scene, dice);
  const Duration all = options.steps * Scene::kStep;
  scene.Run(dice.Between(Duration::zero(), std::chrono::seconds(6)));
  machine.Start();
  scene.Run((mode == Mode::kSafety ? all : all / 2) - scene.elapsed());
  history::ExcuseCounts owing;
  if (mode == Mode::kLiveness && !scene.violation()) {
    machine.Stop();
    Liveness liveness(scene);
    liveness.Heal(&dice);
    liveness.Settle();
    owing = liveness.excuses();
    liveness.StayQuiet(std::max(kQuiet, all - scene.elapsed()));
    Dice drill(options.seed, "drill");
    if (!liveness.disturbed() && drill.Chance(kDrills)) Drill(scene, drill).Run();
  }
  machine.Stop();
  history::ExcuseCounts excuses = scene.excuses();
  Add(excuses, owing);
  Count(scene, excuses, result);
  result.steps = static_cast<std::uint64_t>(scene.elapsed() / Scene::kStep);
  result.violation = scene.violation();
  result.history.assign(scene.trace.lines().begin(), scene.trace.lines().end());
  return result;
}

}  // namespace zkcluster::sim
