// tests/sim/swarm: runs seeds of the simulated world on all processors, and prints those
// that broke a rule.

#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "tests/sim/excuse_bounds.h"
#include "tests/sim/faults.h"
#include "tests/sim/flags.h"
#include "tests/sim/run_seed.h"
#include "tests/sim/seed_pool.h"

namespace {

using namespace zkcluster;
using namespace zkcluster::sim;

constexpr const char* kUsage =
    "usage: swarm [--seeds N] [--first S] [--steps K] [--mode safety|liveness|both] [--jobs J]\n"
    "             [--keep-going] [--counters] [--orders-by-hand] [--bound-excuses PERCENT]\n"
    "       swarm --seed X [--steps K] [--mode ...]     one seed, with its history\n"
    "--bound-excuses: fails if an excuse of a judge was needed more often than its bound, or "
    "never\n"
    "(excuse_bounds.h). PERCENT of the usual number: 100, or less to see it fail.\n";

struct Options {
  SwarmOptions swarm;
  std::optional<std::uint64_t> seed;
  bool counters = false;
  std::optional<std::uint64_t> excuses_percent;
};

std::optional<Mode> ParseMode(const std::string& text) {
  if (text == "safety") return Mode::kSafety;
  if (text == "liveness") return Mode::kLiveness;
  if (text == "both") return Mode::kBoth;
  return std::nullopt;
}

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  Flags flags;
  flags.Swarm(options.swarm);
  flags.Number("--seed", options.seed);
  flags.Switch("--keep-going", options.swarm.keep_going);
  flags.Switch("--counters", options.counters);
  flags.Number("--bound-excuses", options.excuses_percent);
  flags.Switch("--orders-by-hand", OrdersByHand());
  flags.Value("--mode", [&](const std::string& value) {
    const auto mode = ParseMode(value);
    if (mode) options.swarm.mode = *mode;
    return mode.has_value();
  });
  if (!flags.Parse(argc, argv)) return std::nullopt;
  return options;
}

int RunOne(const Options& options) {
  const SeedOptions one{*options.seed, options.swarm.steps, options.swarm.mode,
                        TraceMode::kPrinted};
  const SeedResult result = RunSeed(one);
  for (const auto& [name, value] : result.counters.values()) {
    std::printf("%-40s %llu\n", name.c_str(), static_cast<unsigned long long>(value));
  }
  std::printf(
      "%llu steps, %llu events, hash %016llx\n", static_cast<unsigned long long>(result.steps),
      static_cast<unsigned long long>(result.events), static_cast<unsigned long long>(result.hash));
  if (!result.violation) return 0;
  std::printf("VIOLATED [%s] %s\n", result.violation->rule.c_str(), result.violation->text.c_str());
  return 1;
}

// The excuses that are out of their bounds, a line each.
std::size_t PrintExcuses(const Options& options, const Counters& counters) {
  if (!options.excuses_percent) return 0;
  const double share = static_cast<double>(*options.excuses_percent) / 100;
  const double usual_steps = static_cast<double>(options.swarm.steps) / 2000;
  const ExcuseRun run{share * usual_steps * static_cast<double>(options.swarm.seeds) / 1000,
                      OrdersByHand()};
  const auto lines = JudgeExcuses(counters, run, ExcuseBounds());
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
  return lines.size();
}

int RunMany(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  const SwarmResult result = RunSwarm(options.swarm);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (options.counters) {
    for (const auto& [name, value] : result.counters.values()) {
      std::printf("%-40s %llu\n", name.c_str(), static_cast<unsigned long long>(value));
    }
  }
  std::printf("%s\n", Summary(options.swarm, result, seconds).c_str());
  const bool bounded = PrintExcuses(options, result.counters) == 0;
  return result.failed.empty() && bounded ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto options = ParseOptions(argc, argv);
  if (!options) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  return options->seed ? RunOne(*options) : RunMany(*options);
}
