// Runs many seeds in a given number of processes. Processes, because a world belongs to one
// thread, and because a failed assertion (ZKC_CHECK) ends the process: then its current seed
// has failed, and another process continues after that seed. The result does not depend on
// the number of processes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/run_seed.h"

namespace zkcluster::sim {

struct SwarmOptions {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  int steps = 2000;
  Mode mode = Mode::kBoth;
  int jobs = 0;             // 0: one a processor
  bool keep_going = false;  // false: the run ends soon after the first seed that fails
  bool quiet = false;       // failures are not printed
};

struct FailedSeed {
  std::uint64_t seed = 0;
  std::string rule;
  std::string text;
};

struct SwarmResult {
  std::uint64_t seeds = 0;
  std::uint64_t steps = 0;
  std::uint64_t events = 0;
  std::uint64_t hash = 0;  // of all seeds; it does not depend on their order
  Counters counters;
  std::vector<FailedSeed> failed;  // in order
};

// Prints each failing seed as it ends: the violation, the world, the history, and how to repeat it.
[[nodiscard]] SwarmResult RunSwarm(const SwarmOptions& options);

// One line for people: how much ran, and how much of it failed.
[[nodiscard]] std::string Summary(const SwarmOptions& options, const SwarmResult& result,
                                  double seconds);
// The report of a failing seed. Runs it again, with a trace.
[[nodiscard]] std::string Report(const SwarmOptions& options, const FailedSeed& failed);

}  // namespace zkcluster::sim
