#include "checker/probe/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

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

void TimerWheel::Entry::Unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

TimerWheel::List::List() {
  head.previous_ = head.next_ = &head;
}

TimerWheel::List::~List() {
  while (!empty()) head.next_->Unlink();
}

void TimerWheel::List::Append(Entry& entry) {
  entry.previous_ = head.previous_;
  entry.next_ = &head;
  head.previous_->next_ = &entry;
  head.previous_ = &entry;
}

TimerWheel::TimerWheel(Loop& loop, Fire fire)
    : loop_(loop),
      fire_(std::move(fire)),
      collected_(TickAt(loop.Now())),
      armed_(kNever),
      timer_(loop.NewTimer([this] { OnTimer(); })) {}

void TimerWheel::Arm(Entry& entry, TimePoint due) {
  entry.Unlink();
  // A tick that was collected already has passed: the next one serves it.
  entry.tick_ = std::max(TickFrom(due), collected_ + 1);
  const auto slot = static_cast<std::size_t>(entry.tick_) % kSlots;
  slots_[slot].Append(entry);
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  // At the end of a turn the timer is armed once for all.
  if (!firing_ && entry.tick_ < armed_) ArmTimer(entry.tick_, loop_.Now());
}

void TimerWheel::OnTimer() {
  armed_ = kNever;
  const TimePoint now = loop_.Now();
  CollectDue(TickAt(now));
  firing_ = true;
  std::size_t fired = 0;
  for (; fired < kFiredPerTurn && !due_.empty(); ++fired) {
    Entry& entry = *due_.head.next_;
    entry.Unlink();
    fire_(entry, now);
  }
  NoteCrowd(fired, now);
  firing_ = false;
  ArmNext(now);
}

void TimerWheel::NoteCrowd(std::size_t fired, TimePoint now) {
  // A nap gathers as many as several ticks would: half of that keeps it from flickering.
  crowded_ = fired >= (crowded_ ? kCrowd * (kNap / kTick) / 2 : kCrowd);
  nap_until_ = crowded_ ? now + kNap : now;
}

void TimerWheel::CollectDue(std::int64_t now_tick) {
  // After a long sleep once around is enough.
  const std::int64_t from =
      std::max(collected_ + 1, now_tick - static_cast<std::int64_t>(kSlots) + 1);
  for (std::int64_t tick = from; tick <= now_tick; ++tick)
    CollectSlot(static_cast<std::size_t>(tick) % kSlots, now_tick);
  collected_ = std::max(collected_, now_tick);
}

void TimerWheel::CollectSlot(std::size_t slot, std::int64_t now_tick) {
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  if ((occupied_[slot / 64] & bit) == 0) return;
  List& list = slots_[slot];
  for (Entry* entry = list.head.next_; entry != &list.head;) {
    Entry* const next = entry->next_;
    if (entry->tick_ <= now_tick) {
      entry->Unlink();
      due_.Append(*entry);
    }
    entry = next;
  }
  if (list.empty()) occupied_[slot / 64] &= ~bit;
}

void TimerWheel::ArmNext(TimePoint now) {
  if (!due_.empty()) {
    nap_until_ = now;  // overdue: the next turn is for them
    return ArmTimer(collected_, now);
  }
  const std::int64_t first = collected_ + 1;
  for (std::int64_t tick = first; tick < first + static_cast<std::int64_t>(kSlots);) {
    const auto slot = static_cast<std::size_t>(tick) % kSlots;
    const std::uint64_t rest = occupied_[slot / 64] >> (slot % 64);
    if (rest != 0) {
      tick += std::countr_zero(rest);
      const auto found = static_cast<std::size_t>(tick) % kSlots;
      if (!slots_[found].empty()) return ArmTimer(tick, now);
      occupied_[found / 64] &= ~(std::uint64_t{1} << (found % 64));  // cancelled meanwhile
    } else {
      tick += static_cast<std::int64_t>(64 - slot % 64);
    }
  }
}

void TimerWheel::ArmTimer(std::int64_t tick, TimePoint now) {
  armed_ = tick;
  timer_->Arm(std::max(Duration(0), Duration(std::max(TimeOf(tick), nap_until_) - now)));
}

}  // namespace zkcluster
