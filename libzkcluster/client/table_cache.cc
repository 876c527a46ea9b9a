#include "client/table_cache.h"

#include <array>
#include <utility>

namespace zkcluster {
namespace {

struct Cached {
  std::uint64_t slot = 0;  // 0: free
  std::uint64_t generation = 0;
  std::shared_ptr<const RoutingTable> table;
  std::weak_ptr<char> alive;
};

// A program follows a few clusters. One that follows more takes a mutex now and then.
constexpr std::size_t kCachedTables = 8;

struct ThreadCache {
  std::array<Cached, kCachedTables> entries;
  std::size_t next_victim = 0;
};

ThreadCache& Cache() {
  thread_local ThreadCache cache;
  return cache;
}

std::uint64_t NextId() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

TableSlot::TableSlot() : id_(NextId()) {}

PublishedTable TableSlot::Publish(PublishedTable next) {
  const std::lock_guard lock(mutex_);
  next.generation = published_.generation + 1;
  // The old table is released outside the lock, with the caller's copy.
  std::swap(published_, next);
  generation_.store(published_.generation, std::memory_order_release);
  return published_;
}

PublishedTable TableSlot::Load() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

const RoutingTable& TableSlot::Current() const {
  const std::uint64_t generation = generation_.load(std::memory_order_acquire);
  for (const Cached& entry : Cache().entries) {
    if (entry.slot == id_ && entry.generation == generation) return *entry.table;
  }
  return Fetch();
}

const RoutingTable& TableSlot::Fetch() const {
  ThreadCache& cache = Cache();
  Cached* chosen = nullptr;
  for (Cached& entry : cache.entries) {
    if (entry.slot != 0 && entry.alive.expired()) entry = {};
    if (entry.slot == id_) chosen = &entry;
  }
  for (Cached& entry : cache.entries) {
    if (chosen == nullptr && entry.slot == 0) chosen = &entry;
  }
  if (chosen == nullptr) chosen = &cache.entries[cache.next_victim++ % kCachedTables];
  PublishedTable now = Load();
  *chosen = {id_, now.generation, std::move(now.table), alive_};
  return *chosen->table;
}

}  // namespace zkcluster
