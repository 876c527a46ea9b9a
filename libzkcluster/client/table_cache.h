// The newest routing table, written by one thread and read by any number without a lock: each
// reading thread keeps its own reference and only compares a generation counter until that moves.
// Only then does it take the mutex, once. (`std::atomic<std::shared_ptr>` of libstdc++ 12 is a race
// by ThreadSanitizer.) A thread remembers a few tables at most, and forgets those of destroyed
// slots as it uses others; until then they stay in memory. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "ring/routing_table.h"

namespace zkcluster {

struct PublishedTable {
  std::shared_ptr<const RoutingTable> table;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  std::uint64_t generation = 0;  // 1, 2, 3 ...
};

class TableSlot {
 public:
  TableSlot();
  TableSlot(const TableSlot&) = delete;
  TableSlot& operator=(const TableSlot&) = delete;

  // Sets the generation, and returns what readers now see.
  PublishedTable Publish(PublishedTable next);
  [[nodiscard]] PublishedTable Load() const;
  // Of what readers see now; 0: nothing was published.
  [[nodiscard]] std::uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }

  // The newest table, for this thread, until it calls Current again on any slot.
  // REQUIRES: one has been published.
  [[nodiscard]] const RoutingTable& Current() const;

 private:
  [[nodiscard]] const RoutingTable& Fetch() const;

  const std::uint64_t id_;  // never used again by another slot
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::atomic<std::uint64_t> generation_{0};
  mutable std::mutex mutex_;
  PublishedTable published_;
};

}  // namespace zkcluster
