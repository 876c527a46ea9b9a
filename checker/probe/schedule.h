// When to probe: spread evenly from the start, with jitter on every interval, so that ten thousand
// shards make a steady trickle and a fleet of checkers does not beat in step.
// Pure; chance is a parameter.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <deque>

namespace zkcluster {

// Delay before the first probe of the n-th of `count` shards of one cluster, within `spread`, by
// `random` in [0, 1). Use half an interval for `spread`, so that a first ballot is complete soon.
[[nodiscard]] Duration FirstDelay(std::size_t n, std::size_t count, Duration spread, double random);

// `interval` +- 10 %.
[[nodiscard]] Duration Jittered(Duration interval, double random);

// Detects that the process itself was stopped or starved. Call Turn at the start of every callback
// of a loop that beats at least every `beat`.
class StallDetector {
 public:
  // `limit`: lateness that is still taken for normal scheduling.
  StallDetector(Duration beat, Duration limit) : beat_(beat), limit_(limit) {}

  // How much longer than a beat the loop was away; 0 when within the limit.
  [[nodiscard]] Duration Turn(TimePoint now);

  // The greatest lateness, however small, of a turn at or after `since`, as far as the last few
  // late turns tell: what was under way since then has waited so long for this process.
  [[nodiscard]] Duration LatenessSince(TimePoint since) const;

 private:
  Duration beat_;
  Duration limit_;
  TimePoint last_ = TimePoint::min();
  struct LateTurn {
    TimePoint at;
    Duration late;
  };
  // By time, each later than any after it: an earlier smaller one is never the answer.
  std::deque<LateTurn> late_turns_;
};

}  // namespace zkcluster
