#include "checker/probe/counts.h"

#include <numeric>

namespace zkcluster {

ProbeCounters& ProbeCounters::operator+=(const ProbeCounters& other) {
  started += other.started;
  succeeded += other.succeeded;
  for (std::size_t i = 0; i < failed.size(); ++i) failed[i] += other.failed[i];
  latency += other.latency;
  return *this;
}

ProbeCounters& ProbeCounters::operator-=(const ProbeCounters& earlier) {
  started -= earlier.started;
  succeeded -= earlier.succeeded;
  for (std::size_t i = 0; i < failed.size(); ++i) failed[i] -= earlier.failed[i];
  latency -= earlier.latency;
  return *this;
}

std::uint64_t ProbeCounters::failures() const {
  return std::accumulate(failed.begin(), failed.end(), std::uint64_t{0});
}

WorkerCounts& WorkerCounts::operator+=(const WorkerCounts& other) {
  for (const auto& [group, counters] : other.groups) groups[group] += counters;
  lag += other.lag;
  stalls += other.stalls;
  return *this;
}

ProbeCounters WorkerCounts::Total() const {
  ProbeCounters total;
  for (const auto& group : groups) total += group.second;
  return total;
}

}  // namespace zkcluster
