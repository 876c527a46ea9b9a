// Ten thousand timers at the cost of one: they are kept in slots of one tick each, one turn of the
// loop takes all that are due together, and arming or cancelling one touches a few bytes. A timer
// may be late by a tick, and by a nap while many are due. In exchange all timers due in that time
// fire in one turn, so that the process wakes once for many probes. Loop-bound.
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
  // The owner numbers its timers; numbers are small, because they index a table.
  using Id = std::uint32_t;

  static constexpr Duration kTick = std::chrono::milliseconds(1);
  // When several timers fire together, turns are this far apart (a nap). If raised: fewer turns of
  // the loop for the same probes, and each probe, deadline and flip later by at most this time. At
  // 4 ms and 10,000 probes a second forty share a turn.
  static constexpr Duration kNap = std::chrono::milliseconds(4);
  static constexpr std::size_t kCrowd = 2;  // this many in one tick start naps
  // At most this many timers fire in one turn, because descriptors wait meanwhile.
  static constexpr std::size_t kFiredPerTurn = 256;

  // Called for each timer that is due, after it was disarmed, with the time at which the turn
  // began. It may arm and cancel timers, this one too.
  // REQUIRES: it does not destroy the wheel.
  using Fire = std::function<void(Id, TimePoint now)>;
  // Called, if given, shortly before `fire` for the same timer, to fetch into the cache
  // what it needs.
  using Next = std::function<void(Id)>;

  TimerWheel(Loop& loop, Fire fire, Next next = nullptr);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires once at `due` or up to a tick or nap later, never within this call, also when `due` has
  // passed. Replaces an earlier Arm. A distant time costs a check every kSlots ticks.
  void Arm(Id id, TimePoint due);
  void Cancel(Id id);
  [[nodiscard]] bool armed(Id id) const { return id < timers_.size() && timers_[id].armed; }

 private:
  static constexpr std::size_t kSlots = 2048;

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // Each Arm puts an item into a slot; only a timer's newest item counts.
  struct Item {
    Id id;
    std::uint32_t arm;
    std::uint32_t next;  // in its slot, or in the free list
  };
  // A list, oldest first. With a vector per slot memory would grow for ever: now and then one of
  // two thousand slots is fuller than ever before, while their sum hardly grows.
  struct Slot {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  struct State {
    std::int64_t tick = 0;
    std::uint32_t arm = 0;  // how often it was armed or cancelled
    bool armed = false;
  };

  void OnTimer();
  void CollectDue(std::int64_t now_tick);
  void CollectSlot(std::size_t slot, std::int64_t now_tick);
  std::size_t FireDue(TimePoint now);
  [[nodiscard]] bool Counts(const Item& item) const;
  [[nodiscard]] std::uint32_t NewItem(Id id, std::uint32_t arm);
  void Free(std::uint32_t item);
  void Append(Slot& slot, std::uint32_t item);
  void NoteCrowd(std::size_t fired, TimePoint now);
  void ArmNext(TimePoint now);
  [[nodiscard]] bool HoldsAny(std::size_t slot);
  void ArmTimer(std::int64_t tick, TimePoint now);

  Loop& loop_;
  const Fire fire_;
  const Next next_;
  std::vector<State> timers_;
  std::array<Slot, kSlots> slots_;
  std::vector<Item> items_;
  std::uint32_t free_ = kNone;
  // One bit per slot: it holds items, though perhaps none that count.
  std::array<std::uint64_t, kSlots / 64> occupied_{};
  std::vector<Item> due_;   // taken from their slots
  std::size_t fired_ = 0;   // of these
  std::int64_t collected_;  // every tick up to here
  std::int64_t armed_;      // the tick that timer_ waits for
  bool firing_ = false;
  bool crowded_ = false;
  TimePoint nap_until_{};
  std::unique_ptr<Timer> timer_;
};

}  // namespace zkcluster
