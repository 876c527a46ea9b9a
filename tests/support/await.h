// Waiting on a loop for what happens outside of it, in other processes: nothing wakes the loop
// then, so the condition is asked once a turn. Loop-bound.
#pragma once

#include <functional>

#include "base/event_loop.h"

namespace zkcluster {

inline void Pass(EventLoop& loop, Duration duration) {
  static_cast<void>(loop.RunUntil([] { return false; }, duration));
}

// Whether `done` became true within `limit`.
[[nodiscard]] inline bool Await(EventLoop& loop, const std::function<bool()>& done, Duration limit,
                                Duration turn) {
  const TimePoint deadline = loop.Now() + limit;
  while (!done()) {
    if (loop.Now() >= deadline) return done();
    Pass(loop, turn);
  }
  return true;
}

}  // namespace zkcluster
