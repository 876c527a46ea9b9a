// The three kinds of time, kept apart by type. Durations and monotonic instants decide; wall-clock
// microseconds are only recorded (`since`, versions of a spec), never subtracted from each other to
// decide about liveness. Pure.
#pragma once

#include <zkcluster/export.h>
#include <chrono>

namespace zkcluster {

using Duration = std::chrono::nanoseconds;
// Monotonic; virtual in the simulator.
using TimePoint = std::chrono::steady_clock::time_point;

// Microseconds since 1970 in UTC, the unit of every time in ZooKeeper. 0 means "never".
using Micros = std::chrono::microseconds;

}  // namespace zkcluster
