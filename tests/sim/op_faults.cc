// tests/sim/op-faults: runs the named scenarios without a further fault, and with a fault at each
// operation that their processes send to the ensemble.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sim/flags.h"
#include "tests/sim/fork_pool.h"
#include "tests/sim/scenario.h"

namespace {

using namespace zkcluster;
using namespace zkcluster::sim;

constexpr const char* kUsage =
    "usage: op-faults [--scenario NAME] [--kind request|answer|session|pause|kill] [--every N]\n"
    "                 [--jobs J]\n"
    "       op-faults --list\n"
    "       op-faults --scenario NAME --clean            without a further fault, with its "
    "history\n"
    "       op-faults --scenario NAME --kind K --at N    with one fault, with its history\n"
    "--every N: only every N-th operation, a different one for each kind\n";

struct Options {
  std::string scenario;
  std::optional<OpFaultKind> kind;
  std::uint64_t every = 1;
  std::optional<std::uint64_t> at;
  bool clean = false;
  bool list = false;
  int jobs = 0;
};

std::optional<OpFaultKind> ParseKind(const std::string& text) {
  for (int k = 0; k < kOpFaultKinds; ++k) {
    if (OpFaultName(static_cast<OpFaultKind>(k)) == text) return static_cast<OpFaultKind>(k);
  }
  return std::nullopt;
}

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  Flags flags;
  flags.Switch("--list", options.list);
  flags.Switch("--clean", options.clean);
  flags.Number("--every", options.every, 1);
  flags.Number("--at", options.at, 1);
  flags.Number("--jobs", options.jobs, 1);
  flags.Value("--scenario", [&](const std::string& value) {
    options.scenario = value;
    return FindScenario(value) != nullptr;
  });
  flags.Value("--kind", [&](const std::string& value) {
    options.kind = ParseKind(value);
    return options.kind.has_value();
  });
  if (!flags.Parse(argc, argv)) return std::nullopt;
  const bool one = options.clean || options.at.has_value();
  if (one && options.scenario.empty()) return std::nullopt;
  if (options.at && !options.kind) return std::nullopt;
  return options;
}

struct Task {
  const Scenario* scenario;
  std::optional<OpFault> fault;
};

std::string Again(const Task& task) {
  if (!task.fault) return fmt::format("op-faults --scenario {} --clean", task.scenario->name);
  return fmt::format("op-faults --scenario {} --kind {} --at {}", task.scenario->name,
                     OpFaultName(task.fault->kind), task.fault->operation);
}

int PlayOne(const Options& options) {
  Task task{FindScenario(options.scenario), std::nullopt};
  if (!options.clean) task.fault = OpFault{*options.kind, *options.at};
  const ScenarioResult result = RunScenario(*task.scenario, {task.fault, TraceMode::kPrinted});
  std::printf("%s: %s\n%llu operations, hash %016llx\n", task.scenario->name, task.scenario->what,
              static_cast<unsigned long long>(result.operations),
              static_cast<unsigned long long>(result.hash));
  if (!result.violation) return 0;
  std::printf("VIOLATED [%s] %s\n", result.violation->rule.c_str(), result.violation->text.c_str());
  return 1;
}

// A task returns the number of its operations, a line break, and its violation, if there is one.
class Runs {
 public:
  explicit Runs(int jobs) : jobs_(jobs) {}

  // Returns the number of operations of each task.
  std::vector<std::uint64_t> Do(const std::vector<Task>& tasks) {
    std::vector<std::uint64_t> operations(tasks.size(), 0);
    RunForked(
        tasks.size(), jobs_,
        [&](std::size_t i) {
          const ScenarioResult result =
              RunScenario(*tasks[i].scenario, {tasks[i].fault, TraceMode::kOff});
          std::string text = std::to_string(result.operations) + "\n";
          if (result.violation) {
            text += fmt::format("[{}] {}", result.violation->rule, result.violation->text);
          }
          return text;
        },
        [&](const TaskResult& done) {
          ++played_;
          const auto end = done.payload.find('\n');
          if (done.crashed || end + 1 != done.payload.size()) {
            ++failed_;
            std::printf("%s VIOLATED %s\n  again: %s\n", tasks[done.task].scenario->name,
                        done.crashed ? done.payload.c_str() : done.payload.c_str() + end + 1,
                        Again(tasks[done.task]).c_str());
          }
          if (!done.crashed) operations[done.task] = std::stoull(done.payload);
          return true;
        });
    return operations;
  }
  [[nodiscard]] std::uint64_t played() const { return played_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

 private:
  const int jobs_;
  std::uint64_t played_ = 0;
  std::uint64_t failed_ = 0;
};

int PlayAll(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<Task> clean;
  for (const Scenario& scenario : Scenarios()) {
    if (options.scenario.empty() || options.scenario == scenario.name) {
      clean.push_back({&scenario, std::nullopt});
    }
  }
  Runs runs(options.jobs);
  const std::vector<std::uint64_t> operations = runs.Do(clean);
  std::vector<Task> faulty;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    all += operations[i];
    for (int k = 0; k < kOpFaultKinds; ++k) {
      const auto kind = static_cast<OpFaultKind>(k);
      if (options.kind && options.kind != kind) continue;
      const std::uint64_t first = 1 + (i + static_cast<std::uint64_t>(k)) % options.every;
      for (std::uint64_t n = first; n <= operations[i]; n += options.every) {
        faulty.push_back({clean[i].scenario, OpFault{kind, n}});
      }
    }
  }
  static_cast<void>(runs.Do(faulty));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "%zu scenarios, %llu operations, %zu plays with a fault at one of them, %.0f s: "
      "%llu failed\n",
      clean.size(), static_cast<unsigned long long>(all), faulty.size(), seconds,
      static_cast<unsigned long long>(runs.failed()));
  return runs.failed() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto options = ParseOptions(argc, argv);
  if (!options) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  if (options->list) {
    for (const Scenario& scenario : Scenarios()) {
      std::printf("%-32s %s\n", scenario.name, scenario.what);
    }
    return 0;
  }
  return options->clean || options->at ? PlayOne(*options) : PlayAll(*options);
}
