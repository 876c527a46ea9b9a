// Generous limits of scenarios, for a busy machine. The table has the real times. Constants.
#pragma once

#include <zkcluster/time.h>
#include <chrono>

namespace zkcluster::faults {

inline constexpr Duration kSoon = std::chrono::seconds(5);            // threshold 1 s, a commit
inline constexpr Duration kAfterElection = std::chrono::seconds(10);  // and a session of 2 s
inline constexpr Duration kAfterOutage = std::chrono::seconds(15);    // and an ensemble's election
inline constexpr Duration kPastSession = std::chrono::seconds(3);     // no session lasts longer
inline constexpr Duration kByShadow = std::chrono::seconds(5);        // half a session of 10 s

}  // namespace zkcluster::faults
