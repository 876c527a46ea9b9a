#include "tests/fakes/event_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster::sim {
namespace {

constexpr std::size_t kChildren = 4;

}  // namespace

EventQueue::Id EventQueue::Add(TimePoint when, TimePoint due, SimLoop* loop,
                               std::function<void()> run) {
  if (free_.empty()) {
    ZKC_CHECK(slots_.size() < kSlotMask);
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  const Id id = (++last_number_ << kSlotBits) | slot;
  slots_[slot].id = id;
  slots_[slot].loop = loop;
  slots_[slot].run = std::move(run);
  heap_.push_back({when, due, id, slot});
  Rise(heap_.size() - 1);
  return id;
}

EventQueue::Event EventQueue::TakeNext() {
  return TakeAt(0);
}

void EventQueue::PutOffNext(TimePoint when) {
  heap_.front().when = when;
  Sink(0);
}

EventQueue::Event EventQueue::Take(Id id) {
  const std::size_t slot = id & kSlotMask;
  if (id == 0 || slot >= slots_.size() || slots_[slot].id != id) return {};
  return TakeAt(slots_[slot].place);
}

std::vector<EventQueue::Event> EventQueue::TakeAllOf(const SimLoop* loop) {
  std::vector<Id> ids;
  for (const Entry& entry : heap_) {
    if (slots_[entry.slot].loop == loop) ids.push_back(entry.id);
  }
  std::vector<Event> events;
  events.reserve(ids.size());
  for (const Id id : ids) events.push_back(Take(id));
  return events;
}

void EventQueue::BringForward(const SimLoop* loop, TimePoint now) {
  std::vector<Id> late;
  for (const Entry& entry : heap_) {
    if (slots_[entry.slot].loop == loop && entry.when > entry.due) late.push_back(entry.id);
  }
  for (const Id id : late) {
    const std::size_t place = slots_[id & kSlotMask].place;
    heap_[place].when = std::max(now, heap_[place].due);
    Settle(place);
  }
}

EventQueue::Event EventQueue::TakeAt(std::size_t place) {
  const Entry entry = heap_[place];
  Slot& slot = slots_[entry.slot];
  Event event{entry.when, entry.due, entry.id, slot.loop, std::move(slot.run)};
  slot.run = nullptr;
  slot.id = 0;
  free_.push_back(entry.slot);
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    Put(place, last);
    Settle(place);
  }
  return event;
}

void EventQueue::Put(std::size_t place, const Entry& entry) {
  heap_[place] = entry;
  slots_[entry.slot].place = place;
}

void EventQueue::Settle(std::size_t place) {
  if (place > 0 && heap_[place].Before(heap_[(place - 1) / kChildren])) {
    Rise(place);
  } else {
    Sink(place);
  }
}

void EventQueue::Rise(std::size_t place) {
  const Entry entry = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / kChildren;
    if (!entry.Before(heap_[parent])) break;
    Put(place, heap_[parent]);
    place = parent;
  }
  Put(place, entry);
}

void EventQueue::Sink(std::size_t place) {
  const Entry entry = heap_[place];
  for (;;) {
    const std::size_t first = place * kChildren + 1;
    if (first >= heap_.size()) break;
    std::size_t least = first;
    const std::size_t end = std::min(first + kChildren, heap_.size());
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].Before(heap_[least])) least = child;
    }
    if (!heap_[least].Before(entry)) break;
    Put(place, heap_[least]);
    place = least;
  }
  Put(place, entry);
}

}  // namespace zkcluster::sim
