// How often a run of the swarm may need each excuse of a judge (tests/history/excuse.h). An excuse
// that is needed more often than when its row was measured has become too wide, or the product
// leans on it. One that is not needed any more lets things pass for nothing. Either fails the run,
// by name. README.md, "Excuses", has what each lets pass, and why. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/history/excuse.h"
#include "tests/sim/counters.h"

namespace zkcluster::sim {

// Of one seed no more uses than these count, so that one long burst is no reason to alarm.
inline constexpr std::uint64_t kExcusesOfASeed = 10;

// Adds "excuse.NAME", and "capped excuse.NAME" with no more than kExcusesOfASeed. Call it once
// with each seed's counts of one excuse.
void CountExcuses(const history::ExcuseCounts& excuses, Counters& counters);

struct ExcuseBound {
  history::Excuse excuse;
  // Capped uses in 1,000 seeds of 2,000 steps in both modes, as measured: without orders by hand,
  // and with them. 0: it is never needed.
  double usual;
  double by_hand;
};
// A row for each excuse, in their order.
[[nodiscard]] std::span<const ExcuseBound> ExcuseBounds();

// What was run.
struct ExcuseRun {
  double thousands = 0;  // of seeds; one of 1,000 steps counts for half of one
  bool by_hand = false;
};

// The most capped uses that such a run may have: a quarter more than usual, for the product and the
// faults change; and three standard deviations of a number whose uses come by tens, the worst that
// there is. 0: none at all.
[[nodiscard]] std::uint64_t Allowed(const ExcuseBound& bound, const ExcuseRun& run);

// The excuses that were needed too often, or not at all where many uses are usual; a line each.
[[nodiscard]] std::vector<std::string> JudgeExcuses(const Counters& counters, const ExcuseRun& run,
                                                    std::span<const ExcuseBound> bounds);

}  // namespace zkcluster::sim
