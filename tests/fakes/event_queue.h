// The events of a SimWorld in the order in which they run: a heap that knows the place of each
// event, so that cancelled timers, of which there are many, leave nothing behind. Not thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <vector>

namespace zkcluster::sim {

class SimLoop;

class EventQueue {
 public:
  using Id = std::uint64_t;  // grows with each event made; never 0
  struct Event {
    TimePoint when{};  // it runs
    TimePoint due{};   // it was meant to: late events keep the order of their due times
    Id id = 0;
    SimLoop* loop = nullptr;
    std::function<void()> run;
  };

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

  Id Add(TimePoint when, TimePoint due, SimLoop* loop, std::function<void()> run);
  // REQUIRES: not empty.
  [[nodiscard]] TimePoint NextWhen() const { return heap_.front().when; }
  [[nodiscard]] SimLoop* NextLoop() const { return slots_[heap_.front().slot].loop; }
  [[nodiscard]] Event TakeNext();
  void PutOffNext(TimePoint when);
  // Returns the event, which must be destroyed only when the queue is in order again: its captures
  // may cancel others. Empty if it has run.
  [[nodiscard]] Event Take(Id id);
  [[nodiscard]] std::vector<Event> TakeAllOf(const SimLoop* loop);
  // The postponed events of `loop` run at `now`, or when they are due.
  void BringForward(const SimLoop* loop, TimePoint now);

 private:
  // The low part of an id is the place of its event, the high part a growing number.
  static constexpr unsigned kSlotBits = 24;
  static constexpr Id kSlotMask = (Id{1} << kSlotBits) - 1;

  struct Entry {
    TimePoint when;
    TimePoint due;
    Id id;
    std::uint32_t slot;
    [[nodiscard]] bool Before(const Entry& other) const {
      if (when != other.when) return when < other.when;
      if (due != other.due) return due < other.due;
      return id < other.id;
    }
  };
  struct Slot {
    Id id = 0;  // 0: free
    SimLoop* loop = nullptr;
    std::size_t place = 0;  // in heap_
    std::function<void()> run;
  };

  void Put(std::size_t place, const Entry& entry);
  void Rise(std::size_t place);
  void Sink(std::size_t place);
  void Settle(std::size_t place);
  Event TakeAt(std::size_t place);

  std::vector<Entry> heap_;  // four children each
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  Id last_number_ = 0;
};

}  // namespace zkcluster::sim
