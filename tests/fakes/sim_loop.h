// Virtual time for any number of simulated processes. A SimWorld owns one clock and one ordered
// queue of events; each SimLoop is the Loop of one process in it, with a wall clock of its own, and
// can be paused like a process under SIGSTOP: events due meanwhile run late, in the order of their
// due times. Everything follows from the seed: the same seed and the same calls give the same run.
// Not thread-safe: a world is one thread's.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "base/loop.h"
#include "tests/fakes/event_queue.h"

namespace zkcluster::sim {

class SimLoop;

class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed = 1);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] TimePoint now() const { return now_; }
  // The true wall clock; a SimLoop may see another one.
  [[nodiscard]] Micros wall_now() const;

  // Random numbers, in the order of the calls.
  [[nodiscard]] std::uint64_t RandomBits() { return random_(); }
  [[nodiscard]] double Random();                                // [0, 1)
  [[nodiscard]] Duration Between(Duration low, Duration high);  // [low, high]
  [[nodiscard]] std::size_t Below(std::size_t bound);           // [0, bound). REQUIRES: bound > 0

  // Runs the earliest event. False when there is none.
  bool Step();
  // Runs everything due within `duration`; the clock then shows its end.
  void RunFor(Duration duration);
  // Runs events until `done` returns true (called first, and after each event) or `limit` of
  // virtual time has passed. Returns whether `done` was true.
  bool RunUntil(const std::function<bool()>& done, Duration limit);
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  // For fakes: an event of the outside world (`loop` null), or one that happens to a process and so
  // waits while that is paused and vanishes with it. Never runs within the call.
  using EventId = EventQueue::Id;
  EventId At(TimePoint due, SimLoop* loop, std::function<void()> event);
  EventId After(Duration delay, SimLoop* loop, std::function<void()> event);
  void Cancel(EventId id);  // nothing when it has run

 private:
  friend class SimLoop;

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  TimePoint now_;
  EventQueue events_;
  std::uint64_t steps_ = 0;
  std::uint64_t steps_at_now_ = 0;
};

class SimLoop final : public Loop {
 public:
  explicit SimLoop(SimWorld& world, std::string name = "process");
  // The process is gone: its timers, posts and deliveries never run.
  ~SimLoop() override;
  SimLoop(const SimLoop&) = delete;
  SimLoop& operator=(const SimLoop&) = delete;

  TimePoint Now() const override { return world_.now(); }
  Micros WallNow() const override { return world_.wall_now() + wall_offset_; }
  double Random() override;
  std::unique_ptr<Timer> NewTimer(std::function<void()> callback) override;
  void Post(std::function<void()> task) override;

  // Nothing of this process runs for `duration` from now (longer pauses win).
  void Pause(Duration duration);
  void Resume();
  [[nodiscard]] bool paused() const { return paused_until_ > world_.now(); }
  // The wall clock jumps to this distance from the true one.
  void SetWallOffset(Micros offset) { wall_offset_ = offset; }

  [[nodiscard]] SimWorld& world() const { return world_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class SimWorld;
  SimWorld& world_;
  const std::string name_;
  std::mt19937_64 random_;  // its own, so that a draw here does not shift those of other processes
  TimePoint paused_until_ = TimePoint::min();
  Micros wall_offset_{0};
};

}  // namespace zkcluster::sim
