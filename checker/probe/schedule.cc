#include "checker/probe/schedule.h"

#include <algorithm>

namespace zkcluster {
namespace {

Duration Scaled(Duration duration, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

Duration FirstDelay(std::size_t n, std::size_t count, Duration spread, double random) {
  if (count == 0) return Duration(0);
  const double slot = static_cast<double>(std::min(n, count - 1)) + random;
  return Scaled(spread, slot / static_cast<double>(count));
}

Duration Jittered(Duration interval, double random) {
  return Scaled(interval, 0.9 + 0.2 * random);
}

Duration StallDetector::Turn(TimePoint now) {
  if (last_ == TimePoint::min()) {
    last_ = now;
    return Duration(0);
  }
  const Duration late = now - last_ - beat_;
  last_ = std::max(last_, now);
  return late > limit_ ? late : Duration(0);
}

}  // namespace zkcluster
