// How long to wait before trying again: twice as long each time up to a limit, with jitter so that
// a thousand clients of one restarted server do not come back in the same millisecond. Pure.
#pragma once

#include <zkcluster/time.h>
#include <algorithm>

namespace zkcluster {

class Backoff {
 public:
  // REQUIRES: 0 < first <= limit.
  constexpr Backoff(Duration first, Duration limit) : first_(first), limit_(limit), next_(first) {}

  // The wait before the next try: between half of the current step and all of it,
  // by `random` in [0, 1).
  [[nodiscard]] Duration Next(double random) {
    const Duration step = next_;
    next_ = std::min(limit_, next_ * 2);
    const double half = static_cast<double>(step.count()) / 2;
    return step / 2 + Duration(static_cast<Duration::rep>(half * random));
  }
  // Call it after a success: the next wait is short again.
  void Reset() { next_ = first_; }

 private:
  Duration first_;
  Duration limit_;
  Duration next_;
};

}  // namespace zkcluster
