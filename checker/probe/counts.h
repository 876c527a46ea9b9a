// The counters of probing. Workers count, the pool adds the counts up, monitor and summary show
// them. Counts only grow, so the difference of two copies shows what happened between them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "checker/probe/histogram.h"
#include "model/reason.h"

namespace zkcluster {

// Names the servers that are counted together: those of one cluster, while it is
// served. Never reused.
using ProbeGroup = std::uint64_t;

// Counts the probes of one group, or of several.
struct ProbeCounters {
  std::uint64_t started = 0;
  std::uint64_t succeeded = 0;
  std::array<std::uint64_t, kReasonCount> failed{};  // by Reason
  Histogram latency;                                 // of probes that succeeded
  ProbeCounters& operator+=(const ProbeCounters& other);
  ProbeCounters& operator-=(const ProbeCounters& earlier);
  [[nodiscard]] std::uint64_t failures() const;
};

// All counts of one worker, or of all workers together.
struct WorkerCounts {
  std::map<ProbeGroup, ProbeCounters> groups;
  Histogram lag;  // how late each beat of the loop was
  std::uint64_t stalls = 0;
  WorkerCounts& operator+=(const WorkerCounts& other);
  [[nodiscard]] ProbeCounters Total() const;
};

}  // namespace zkcluster
