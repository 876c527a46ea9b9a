// The first of the three seams: time, timers, turns and chance. A conductor is bound to one Loop
// and takes the time from nothing else, so that in the simulator the same code runs in virtual time
// from a seed. In production it is an EventLoop (libevent), in tests a SimLoop. Loop-bound:
// everything but Post is called on the loop's own thread only.
#pragma once

#include <zkcluster/time.h>
#include <functional>
#include <memory>

namespace zkcluster {

// One callback that can be armed again and again. Destroying it disarms it. The callback may re-arm
// the timer and may destroy it.
class Timer {
 public:
  virtual ~Timer() = default;
  // Runs the callback once after `delay` (never within this call, also when it is 0 or negative).
  // Replaces an earlier Arm.
  virtual void Arm(Duration delay) = 0;
  virtual void Cancel() = 0;
  [[nodiscard]] virtual bool armed() const = 0;
};

class Loop {
 public:
  virtual ~Loop() = default;

  // Monotonic. Read at each call: it may advance within one turn.
  [[nodiscard]] virtual TimePoint Now() const = 0;
  // Wall clock. It is recorded and never decides anything, because it may jump.
  [[nodiscard]] virtual Micros WallNow() const = 0;
  // Uniform in [0, 1): for jitter and spreading.
  [[nodiscard]] virtual double Random() = 0;

  [[nodiscard]] virtual std::unique_ptr<Timer> NewTimer(std::function<void()> callback) = 0;

  // Runs `task` on this loop in a later turn, in the order of the calls. Thread-safe, and the only
  // door into a loop from another thread. Tasks posted after the loop has ended are dropped unrun.
  virtual void Post(std::function<void()> task) = 0;
};

}  // namespace zkcluster
