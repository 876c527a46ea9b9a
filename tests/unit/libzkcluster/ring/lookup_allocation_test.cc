// A lookup allocates nothing. A program of its own: it counts every `new`.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "client/table_cache.h"
#include "ring/routing_table.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace zkcluster::lookup_allocation_test {
namespace {

TEST_CASE("lookup: no allocation on any ring, also for stand-ins and long names") {
  ClusterSpec spec;
  spec.name = std::string("sessions");
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(10 + i);
    spec.shards.push_back({"a shard with a name that no small string holds " + number,
                           "redis-" + number + ".cache.rack-7.example.com:6379"});
  }
  StatusBoard board{
      std::vector<ShardState>(20, {ShardStatus::kAlive, Micros(1), Reason::kNone, {}})};
  for (std::size_t i = 0; i < 20; i += 3) board.shards[i].status = ShardStatus::kDead;
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) keys.push_back("user:" + std::to_string(i) + std::string(100, 'x'));

  for (const RingSpec& ring :
       {RingSpec{}, RingSpec(KetamaRing{}), RingSpec(KetamaRing{RingHash::kMd5})}) {
    spec.ring = ring;
    TableSlot slot;
    slot.Publish({*RoutingTable::Build(spec, board, false), 1, 1, 0});
    Location location;
    slot.Current().Locate(keys[0], location);  // this thread's first lookup, and its strings grow
    const std::uint64_t before = allocations;
    int stand_ins = 0;
    for (const std::string& key : keys) {
      slot.Current().Locate(key, location);
      stand_ins += location.stand_in;
    }
    CHECK(allocations - before == 0);
    CHECK(stand_ins > 50);
    static_cast<void>(slot.Current().Locate(keys[0]));
    CHECK(allocations - before >= 3);  // or nothing was counted
  }
}

}  // namespace
}  // namespace zkcluster::lookup_allocation_test
