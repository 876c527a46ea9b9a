// How often a run of the swarm may need each excuse of a judge (tests/history/excuse.h). An excuse
// that is needed more often than it was when its bound was measured has become too wide, or the
// product leans on it: the run fails and names it. README.md shows the table. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/history/excuse.h"
#include "tests/sim/counters.h"

namespace zkcluster::sim {

// Runs of fewer seeds are not bounded: a few seeds may all be of one kind.
inline constexpr std::uint64_t kSeedsToBound = 40;

enum class Per : unsigned char { kCommits, kSeeds };

struct ExcuseBound {
  history::Excuse excuse;
  double most;  // per thousand: about three times what was measured
  Per per;
};

[[nodiscard]] std::span<const ExcuseBound> ExcuseBounds();

// "excuse.sequence_ended".
[[nodiscard]] std::string ExcuseCounterOf(history::Excuse excuse);

// The excuses that were needed too often, a line each. Beside the bound each has a few uses free:
// one seed may need the same excuse several times.
[[nodiscard]] std::vector<std::string> TooManyExcuses(const Counters& counters,
                                                      std::uint64_t seeds);

}  // namespace zkcluster::sim
