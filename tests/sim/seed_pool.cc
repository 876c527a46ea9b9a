#include "tests/sim/seed_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <utility>

#include "tests/sim/fork_pool.h"

namespace zkcluster::sim {
namespace {

SeedOptions OptionsOf(const SwarmOptions& options, std::uint64_t seed) {
  return {seed, options.steps, options.mode, TraceMode::kOff};
}

// One line of numbers, one with the violated rule ("-": none), one for each counter, then the text
// of the violation.
std::string Pack(const SeedResult& result) {
  std::string text =
      fmt::format("{} {} {} {}\n{}\n", result.steps, result.events, result.hash,
                  result.counters.values().size(), result.violation ? result.violation->rule : "-");
  for (const auto& [name, value] : result.counters.values()) {
    text += fmt::format("{} {}\n", value, name);
  }
  return text + (result.violation ? result.violation->text : "");
}

SeedResult Unpack(const std::string& payload) {
  SeedResult result;
  std::istringstream in(payload);
  std::size_t counters = 0;
  std::string rule;
  in >> result.steps >> result.events >> result.hash >> counters >> rule;
  for (std::size_t i = 0; i < counters; ++i) {
    std::uint64_t value = 0;
    std::string name;
    in >> value;
    std::getline(in >> std::ws, name);
    result.counters.Add(name, value);
  }
  if (rule == "-") return result;
  if (counters == 0) in.ignore(1);
  result.violation = Violation{rule, std::string(std::istreambuf_iterator<char>(in), {}), {}};
  return result;
}

}  // namespace

SwarmResult RunSwarm(const SwarmOptions& options) {
  SwarmResult sum;
  const auto failed = [&](FailedSeed one) {
    if (!options.quiet) std::printf("%s\n", Report(options, one).c_str());
    sum.failed.push_back(std::move(one));
    return options.keep_going;
  };
  RunForked(
      static_cast<std::size_t>(options.seeds), options.jobs,
      [&](std::size_t task) { return Pack(RunSeed(OptionsOf(options, options.first + task))); },
      [&](const TaskResult& done) {
        const std::uint64_t seed = options.first + done.task;
        ++sum.seeds;
        if (done.crashed) return failed({seed, "crash", done.payload});
        const SeedResult result = Unpack(done.payload);
        sum.steps += result.steps;
        sum.events += result.events;
        sum.hash += result.hash * (2 * seed + 1);
        sum.counters.Add(result.counters);
        return !result.violation || failed({seed, result.violation->rule, result.violation->text});
      });
  std::sort(sum.failed.begin(), sum.failed.end(),
            [](const auto& a, const auto& b) { return a.seed < b.seed; });
  return sum;
}

std::string Summary(const SwarmOptions& options, const SwarmResult& result, double seconds) {
  const auto count = [&](const char* name) { return result.counters.Get(name); };
  return fmt::format(
      "{} seeds from {}, {} steps of 25 ms, {} events, {} transactions, {} commits, {} flips, {} "
      "take-overs, {} tables in {:.0f} s: {} failed",
      result.seeds, options.first, result.steps, result.events, count("transactions"),
      count("commits"), count("flips"), count("take-overs"), count("tables"), seconds,
      result.failed.size());
}

std::string Report(const SwarmOptions& options, const FailedSeed& failed) {
  const char* const modes[] = {"safety", "liveness", "both"};
  const std::string again = fmt::format("swarm --seed {} --steps {} --mode {}", failed.seed,
                                        options.steps, modes[static_cast<int>(options.mode)]);
  std::string text =
      fmt::format("seed {} VIOLATED [{}] {}\n", failed.seed, failed.rule, failed.text);
  // A seed that crashed its process would crash this one, too.
  if (failed.rule != "crash") {
    SeedOptions one = OptionsOf(options, failed.seed);
    one.trace = TraceMode::kKept;
    const SeedResult result = RunSeed(one);
    text += result.description;
    for (const auto& line : result.history) text += line + "\n";
    if (!result.violation || result.violation->text != failed.text) {
      text += "NOT THE SAME when run again: something does not follow from the seed\n";
    }
  }
  return text + "again: " + again + "\n";
}

}  // namespace zkcluster::sim
