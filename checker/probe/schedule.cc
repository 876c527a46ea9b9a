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

namespace {

// One probe never sees more late turns than this, each less late than the one before.
constexpr std::size_t kLateTurnsKept = 64;
// A turn that is late by up to this part of a beat is on time.
constexpr int kNoise = 4;

}  // namespace

Duration StallDetector::Turn(TimePoint now) {
  if (last_ == TimePoint::min()) {
    last_ = now;
    return Duration(0);
  }
  const Duration stopped = now - last_;
  const Duration late = stopped - beat_;
  last_ = std::max(last_, now);
  if (late > beat_ / kNoise) {
    while (!late_turns_.empty() && late_turns_.back().stopped <= stopped) late_turns_.pop_back();
    late_turns_.push_back({now, stopped});
    if (late_turns_.size() > kLateTurnsKept) late_turns_.pop_front();
  }
  return late > limit_ ? late : Duration(0);
}

Duration StallDetector::StoppedSince(TimePoint since) const {
  for (const LateTurn& turn : late_turns_) {
    if (turn.at >= since) return turn.stopped;
  }
  return Duration(0);
}

}  // namespace zkcluster
