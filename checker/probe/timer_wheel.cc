#include "checker/probe/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace zkcluster {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// The last tick that has begun.
std::int64_t TickAt(TimePoint time) {
  return time.time_since_epoch() / TimerWheel::kTick;
}
// The first tick at or after `time`: nothing fires early.
std::int64_t TickFrom(TimePoint time) {
  return (time.time_since_epoch() + TimerWheel::kTick - Duration(1)) / TimerWheel::kTick;
}
TimePoint TimeOf(std::int64_t tick) {
  return TimePoint(TimerWheel::kTick * tick);
}

}  // namespace

TimerWheel::TimerWheel(Loop& loop, Fire fire, Next next)
    : loop_(loop),
      fire_(std::move(fire)),
      next_(std::move(next)),
      collected_(TickAt(loop.Now())),
      armed_(kNever),
      timer_(loop.NewTimer([this] { OnTimer(); })) {}

void TimerWheel::Arm(Id id, TimePoint due) {
  if (id >= timers_.size()) timers_.resize(id + std::size_t{1});
  State& state = timers_[id];
  // A collected tick has passed: use the next one.
  state.tick = std::max(TickFrom(due), collected_ + 1);
  state.armed = true;
  const auto slot = static_cast<std::size_t>(state.tick) % kSlots;
  Append(slots_[slot], NewItem(id, ++state.arm));
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  // The timer is armed once, at the end of the turn.
  if (!firing_ && state.tick < armed_) ArmTimer(state.tick, loop_.Now());
}

void TimerWheel::Cancel(Id id) {
  if (!armed(id)) return;
  timers_[id].armed = false;
  ++timers_[id].arm;
}

bool TimerWheel::Counts(const Item& item) const {
  const State& state = timers_[item.id];
  return state.armed && state.arm == item.arm;
}

std::uint32_t TimerWheel::NewItem(Id id, std::uint32_t arm) {
  if (free_ == kNone) {
    items_.push_back({id, arm, kNone});
    return static_cast<std::uint32_t>(items_.size() - 1);
  }
  const std::uint32_t item = free_;
  free_ = items_[item].next;
  items_[item] = {id, arm, kNone};
  return item;
}

void TimerWheel::Free(std::uint32_t item) {
  items_[item].next = free_;
  free_ = item;
}

void TimerWheel::Append(Slot& slot, std::uint32_t item) {
  items_[item].next = kNone;
  (slot.last == kNone ? slot.first : items_[slot.last].next) = item;
  slot.last = item;
}

void TimerWheel::OnTimer() {
  armed_ = kNever;
  const TimePoint now = loop_.Now();
  CollectDue(TickAt(now));
  firing_ = true;
  NoteCrowd(FireDue(now), now);
  firing_ = false;
  ArmNext(now);
}

void TimerWheel::CollectDue(std::int64_t now_tick) {
  // After a long sleep one full circle is enough.
  const std::int64_t from =
      std::max(collected_ + 1, now_tick - static_cast<std::int64_t>(kSlots) + 1);
  for (std::int64_t tick = from; tick <= now_tick; ++tick)
    CollectSlot(static_cast<std::size_t>(tick) % kSlots, now_tick);
  collected_ = std::max(collected_, now_tick);
}

void TimerWheel::CollectSlot(std::size_t slot, std::int64_t now_tick) {
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  if ((occupied_[slot / 64] & bit) == 0) return;
  std::uint32_t at = std::exchange(slots_[slot], Slot{}).first;
  while (at != kNone) {
    const Item item = items_[at];
    const bool counts = Counts(item);
    if (counts && timers_[item.id].tick > now_tick) {
      Append(slots_[slot], at);
    } else {
      if (counts) due_.push_back(item);
      Free(at);
    }
    at = item.next;
  }
  if (slots_[slot].first == kNone) occupied_[slot / 64] &= ~bit;
}

std::size_t TimerWheel::FireDue(TimePoint now) {
  std::size_t count = 0;
  while (count < kFiredPerTurn && fired_ < due_.size()) {
    const Item item = due_[fired_++];
    if (next_ && fired_ < due_.size()) next_(due_[fired_].id);
    if (!Counts(item)) continue;  // an earlier fire changed it
    timers_[item.id].armed = false;
    ++count;
    fire_(item.id, now);
  }
  if (fired_ == due_.size()) {
    due_.clear();
    fired_ = 0;
  }
  return count;
}

void TimerWheel::NoteCrowd(std::size_t fired, TimePoint now) {
  // A nap gathers as many timers as several ticks. Half of that as the limit keeps the
  // mode from alternating.
  crowded_ = fired >= (crowded_ ? kCrowd * (kNap / kTick) / 2 : kCrowd);
  nap_until_ = crowded_ ? now + kNap : now;
}

void TimerWheel::ArmNext(TimePoint now) {
  if (!due_.empty()) {
    nap_until_ = now;  // overdue timers are for the next turn
    return ArmTimer(collected_, now);
  }
  const std::int64_t first = collected_ + 1;
  for (std::int64_t tick = first; tick < first + static_cast<std::int64_t>(kSlots);) {
    const auto slot = static_cast<std::size_t>(tick) % kSlots;
    const std::uint64_t rest = occupied_[slot / 64] >> (slot % 64);
    if (rest == 0) {
      tick += static_cast<std::int64_t>(64 - slot % 64);
      continue;
    }
    tick += std::countr_zero(rest);
    if (HoldsAny(static_cast<std::size_t>(tick) % kSlots)) return ArmTimer(tick, now);
  }
}

bool TimerWheel::HoldsAny(std::size_t slot) {
  Slot& list = slots_[slot];
  while (list.first != kNone && !Counts(items_[list.first])) {
    const std::uint32_t gone = list.first;
    list.first = items_[gone].next;
    Free(gone);
  }
  if (list.first != kNone) return true;
  list.last = kNone;
  occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  return false;
}

void TimerWheel::ArmTimer(std::int64_t tick, TimePoint now) {
  armed_ = tick;
  timer_->Arm(std::max(Duration(0), Duration(std::max(TimeOf(tick), nap_until_) - now)));
}

}  // namespace zkcluster
