// Generous bounds of scenarios: what must have happened by then on a busy machine. How long it
// really took is in the table. Constants.
#pragma once

#include <zkcluster/time.h>
#include <chrono>

namespace zkcluster::faults {

inline constexpr Duration kSoon = std::chrono::seconds(5);            // threshold 1 s, a commit
inline constexpr Duration kAfterElection = std::chrono::seconds(10);  // besides, a session of 2 s
inline constexpr Duration kAfterOutage = std::chrono::seconds(15);    // besides, the ensemble's own
inline constexpr Duration kByShadow = std::chrono::seconds(5);  // less than half a session of 10 s
inline constexpr Duration kPastSession = std::chrono::seconds(3);  // and no session outlives it

}  // namespace zkcluster::faults
