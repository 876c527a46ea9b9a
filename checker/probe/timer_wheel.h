// Ten thousand timers for the price of one: entries lie in slots of one tick each, a turn of the
// loop takes all that are due together, and arming or cancelling one moves two pointers. A probe's
// times may be late by a tick; in exchange whoever is due within it is served in one turn, so that
// the process sleeps and wakes once for many probes. Owned by whoever embeds the entries.
// Loop-bound.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/loop.h"

namespace zkcluster {

class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  // Once many fire together, turns are this far apart. Raised: fewer turns of the loop for the same
  // probes, and each probe, deadline and flip later by at most as much. At 4 ms and 10,000 probes a
  // second forty share a turn.
  static constexpr Duration kNap = std::chrono::milliseconds(4);
  static constexpr std::size_t kCrowd = 4;  // in one tick: then it naps
  // Descriptors wait while timers run: so many of them at most in one turn.
  static constexpr std::size_t kFiredPerTurn = 256;

  // One timer: embed it, or derive from it. Destroying it cancels it.
  class Entry {
   public:
    Entry() = default;
    ~Entry() { Unlink(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    [[nodiscard]] bool armed() const { return next_ != nullptr; }

   private:
    friend class TimerWheel;
    void Unlink();
    Entry* previous_ = nullptr;
    Entry* next_ = nullptr;
    std::int64_t tick_ = 0;
  };

  // `fire` is told each entry that is due, after it was disarmed, with the time at which the turn
  // began. It may arm, cancel and destroy entries, this one too.
  // REQUIRES: it does not destroy the wheel.
  using Fire = std::function<void(Entry&, TimePoint now)>;

  TimerWheel(Loop& loop, Fire fire);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires once at `due` or up to a tick or nap later, never within this call, also when `due` has
  // passed. Replaces an earlier Arm. Far times cost a look every kSlots ticks.
  void Arm(Entry& entry, TimePoint due);
  static void Cancel(Entry& entry) { entry.Unlink(); }

 private:
  static constexpr std::size_t kSlots = 2048;

  // A ring of entries around a sentinel.
  struct List {
    List();
    ~List();  // disarms what is left
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    [[nodiscard]] bool empty() const { return head.next_ == &head; }
    void Append(Entry& entry);
    Entry head;
  };

  void OnTimer();
  void CollectDue(std::int64_t now_tick);
  void CollectSlot(std::size_t slot, std::int64_t now_tick);
  void ArmNext(TimePoint now);
  void ArmTimer(std::int64_t tick, TimePoint now);
  void NoteCrowd(std::size_t fired, TimePoint now);

  Loop& loop_;
  const Fire fire_;
  std::array<List, kSlots> slots_;
  // One bit a slot: it may hold entries. Set by Arm, cleared when the slot is found empty.
  std::array<std::uint64_t, kSlots / 64> occupied_{};
  List due_;                // taken from their slots, not yet fired
  std::int64_t collected_;  // every tick up to here
  std::int64_t armed_;      // the tick that timer_ waits for
  bool firing_ = false;
  bool crowded_ = false;
  TimePoint nap_until_{};
  std::unique_ptr<Timer> timer_;
};

}  // namespace zkcluster
