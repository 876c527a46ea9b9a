// Runs many seeds, in as many processes as asked for. A process of its own per share, because a
// world is one thread's, and because a broken assertion (ZKC_CHECK) ends the process: then the seed
// it was at has failed, and another process goes on behind it. What comes out does not depend on
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
  bool keep_going = false;  // else it ends soon after the first seed that fails
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
  std::uint64_t hash = 0;  // of all seeds, whatever their order
  Counters counters;
  std::vector<FailedSeed> failed;  // in order
};

// Prints each failing seed as it ends: what broke, the world, the history, and how to see it again.
[[nodiscard]] SwarmResult RunSwarm(const SwarmOptions& options);

// One line for people: how much was run, and how much of it failed.
[[nodiscard]] std::string Summary(const SwarmOptions& options, const SwarmResult& result,
                                  double seconds);
// The report of a failing seed. Runs it again, with a trace.
[[nodiscard]] std::string Report(const SwarmOptions& options, const FailedSeed& failed);

}  // namespace zkcluster::sim
