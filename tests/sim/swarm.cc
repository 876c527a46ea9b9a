// tests/sim/swarm: runs seeds of the simulated world, on all processors, and tells which of them
// broke what must hold.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>

#include "tests/sim/faults.h"
#include "tests/sim/run_seed.h"
#include "tests/sim/seed_pool.h"

namespace {

using namespace zkcluster;
using namespace zkcluster::sim;

constexpr const char* kUsage =
    "usage: swarm [--seeds N] [--first S] [--steps K] [--mode safety|liveness|both] [--jobs J]\n"
    "             [--keep-going] [--counters] [--orders-by-hand]\n"
    "       swarm --seed X [--steps K] [--mode ...]     one seed, with all that happens\n";

struct Options {
  SwarmOptions swarm;
  std::optional<std::uint64_t> seed;
  bool counters = false;
};

std::optional<Mode> ParseMode(const std::string& text) {
  if (text == "safety") return Mode::kSafety;
  if (text == "liveness") return Mode::kLiveness;
  if (text == "both") return Mode::kBoth;
  return std::nullopt;
}

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--counters") {
      options.counters = true;
      continue;
    }
    if (name == "--orders-by-hand") {
      OrdersByHand() = true;
      continue;
    }
    if (name == "--keep-going") {
      options.swarm.keep_going = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[++i];
    if (name == "--mode") {
      const auto mode = ParseMode(value);
      if (!mode) return std::nullopt;
      options.swarm.mode = *mode;
      continue;
    }
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0') return std::nullopt;
    if (name == "--seeds") {
      options.swarm.seeds = number;
    } else if (name == "--first") {
      options.swarm.first = number;
    } else if (name == "--steps") {
      options.swarm.steps = static_cast<int>(number);
    } else if (name == "--jobs") {
      options.swarm.jobs = static_cast<int>(number);
    } else if (name == "--seed") {
      options.seed = number;
    } else {
      return std::nullopt;
    }
  }
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
  return result.failed.empty() ? 0 : 1;
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
