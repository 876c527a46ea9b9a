// ServerClock: the ensemble's wall clock, as one process can know it. The server stamps each write,
// and that happened between the moment at which the write was sent and the moment at which its
// answer was there; from then on the process's own monotonic clock goes on. So each answered write
// bounds the difference of the two clocks:
//
//            sent          answered            monotonic clock, of this process
//   ----------+---------------+----------------->
//                  stamp                       wall clock, of the server (in milliseconds)
//
//   stamp - answered  <=  difference  <  stamp + 1 ms - sent
//
// The first write gives the lower bound, and each later one moves the difference into its own bounds
// where it is outside. The time is therefore never ahead of the server's (but for drift since the
// last write), so that nothing ends too early, and behind it by the duration of the quickest
// exchange at most. A client has one. Pure.
#pragma once

#include <zkcluster/time.h>
#include <algorithm>
#include <chrono>
#include <optional>

namespace zkcluster::zk {

class ServerClock {
 public:
  // A write that was sent and answered then was stamped so.
  void Observe(TimePoint sent, TimePoint answered, Micros stamp) {
    const Micros least = stamp - FromStart(answered);
    const Micros most = std::max(least, stamp + std::chrono::milliseconds(1) - FromStart(sent));
    ahead_ = ahead_ ? std::clamp(*ahead_, least, most) : least;
  }

  [[nodiscard]] bool known() const { return ahead_.has_value(); }
  // Nothing before the first write.
  [[nodiscard]] std::optional<Micros> At(TimePoint now) const {
    return ahead_ ? std::optional(FromStart(now) + *ahead_) : std::nullopt;
  }

 private:
  static Micros FromStart(TimePoint time) {
    return std::chrono::duration_cast<Micros>(time.time_since_epoch());
  }

  std::optional<Micros> ahead_;  // of the monotonic clock
};

}  // namespace zkcluster::zk
