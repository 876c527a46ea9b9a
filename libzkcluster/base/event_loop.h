// The Loop of production: one libevent base, run by the thread that calls Run. Adapters that wrap a
// descriptor (ZooKeeper, Redis, signals) register it at `base()`.
// Loop-bound, except Post and Stop.
#pragma once

#include <functional>
#include <memory>

#include "base/loop.h"

struct event_base;

namespace zkcluster {

class EventLoop final : public Loop {
 public:
  EventLoop();  // aborts when the kernel gives no descriptors: nothing can run without a loop
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  TimePoint Now() const override;
  Micros WallNow() const override;
  double Random() override;
  std::unique_ptr<Timer> NewTimer(std::function<void()> callback) override;
  void Post(std::function<void()> task) override;

  // Runs turns until Stop. Stop may come before Run: then Run returns at once.
  void Run();
  void Stop();  // thread-safe
  // Runs turns until `done` says so after a turn, or `limit` has passed. True when it said so.
  bool RunUntil(const std::function<bool()>& done, Duration limit);

  // Calls `callback` on the loop for each arrival of `signal` until the handle is destroyed.
  [[nodiscard]] std::shared_ptr<void> OnSignal(int signal, std::function<void()> callback);

  [[nodiscard]] event_base* base() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
