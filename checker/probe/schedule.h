// The times of probes: spread evenly from the start, with jitter on every interval, so that
// ten thousand shards make a steady load and the checkers do not probe in step. Pure;
// randomness is a parameter.
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
  // `limit`: a lateness up to this is normal scheduling.
  StallDetector(Duration beat, Duration limit) : beat_(beat), limit_(limit) {}

  // The lateness of this beat; 0 if within the limit.
  [[nodiscard]] Duration Turn(TimePoint now);

  // The longest that the process may have been stopped before a turn at or after `since`, as far as
  // the last few late turns show: a probe under way since then may have waited that long for it. A
  // turn that is late by more than the noise of scheduling shows a stop, which may have begun right
  // after the turn before. So it is the whole time since that one, and not its lateness alone.
  [[nodiscard]] Duration StoppedSince(TimePoint since) const;

 private:
  Duration beat_;
  Duration limit_;
  TimePoint last_ = TimePoint::min();
  struct LateTurn {
    TimePoint at;
    Duration stopped;  // at most, before it
  };
  // Sorted by time. Each was stopped for longer than all that follow: an earlier, smaller one is
  // never the answer.
  std::deque<LateTurn> late_turns_;
};

}  // namespace zkcluster
