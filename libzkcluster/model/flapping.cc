#include "model/flapping.h"

#include <algorithm>
#include <cstdint>

#include "model/limits.h"

namespace zkcluster {

int ForgivenPenalty(int required, Duration lived, Duration threshold) {
  const Duration step = 10 * threshold;
  if (step <= Duration::zero() || lived < step) return std::max(0, required);
  constexpr Duration::rep kAll = 31;  // more steps than any penalty has
  return std::max(0, required) >> std::min<Duration::rep>(lived / step, kAll);
}

int NextPenalty(int required, Duration lived, const FlapTimes& times) {
  const std::int64_t left = ForgivenPenalty(required, lived, times.threshold);
  if (left == 0) return 1;
  std::int64_t next = 2 * left;
  if (lived < times.threshold && times.interval > Duration::zero()) {
    // As many as begin within a threshold: the last one is that much after the first.
    next = std::max(next, (times.threshold + times.interval - Duration(1)) / times.interval + 1);
  }
  return static_cast<int>(
      std::min<std::int64_t>(next, MaxRequired(times.threshold, times.interval)));
}

int OwedPenalty(const Penalty& penalty, bool alive, Micros now, Duration threshold) {
  if (!alive) return std::max(1, penalty.required);
  // If the wall clock has jumped back, nothing is forgiven.
  const Duration lived = std::max(Micros::zero(), now - penalty.since);
  return ForgivenPenalty(penalty.required, lived, threshold);
}

}  // namespace zkcluster
