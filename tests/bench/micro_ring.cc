// Rings and routing tables: lookups of 20-byte keys with their hash, builds, and what a flip costs.
#include <benchmark/benchmark.h>
#include <zkcluster/ring.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "client/table_cache.h"
#include "ring/routing_table.h"
#include "tests/bench/micro.h"

namespace zkcluster::bench {
namespace {

constexpr RingSpec kConsistent{};
constexpr RingSpec kFnv{KetamaRing{RingHash::kFnv1a64}};
constexpr RingSpec kMd5{KetamaRing{RingHash::kMd5}};

const Keys& TheKeys() {
  static const Keys keys;
  return keys;
}

// Built once per benchmark, shared by its threads, as in a program.
const Ring& SharedRing(std::size_t shards, RingSpec spec) {
  static std::vector<std::tuple<std::size_t, RingSpec, std::unique_ptr<Ring>>> rings;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  for (const auto& [count, kind, ring] : rings) {
    if (count == shards && kind == spec) return *ring;
  }
  rings.emplace_back(shards, spec,
                     std::make_unique<Ring>(*Ring::Build(MakeSpec(shards).shards, spec)));
  return *std::get<2>(rings.back());
}

StatusBoard AliveBoard(std::size_t shards) {
  return {std::vector<ShardState>(shards, {ShardStatus::kAlive, Micros(1), Reason::kNone, {}})};
}

std::shared_ptr<const RoutingTable> Table(const ClusterSpec& spec, StatusBoard board,
                                          const RoutingTable* previous = nullptr) {
  return *RoutingTable::Build(spec, std::move(board), false, previous);
}

void Hash(benchmark::State& state, RingSpec spec) {
  const Ring& ring = SharedRing(2, spec);
  const Keys& keys = TheKeys();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(ring.KeyHash(keys[i++]));
}

// Hash and owner. Argument: shards.
void Lookup(benchmark::State& state, RingSpec spec) {
  const Ring& ring = SharedRing(static_cast<std::size_t>(state.range(0)), spec);
  const Keys& keys = TheKeys();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(ring.Owner(keys[i++]));
}

void Build(benchmark::State& state, RingSpec spec) {
  const auto shards = MakeSpec(static_cast<std::size_t>(state.range(0))).shards;
  for (auto _ : state) benchmark::DoNotOptimize(Ring::Build(shards, spec));
}

// The table that serves after a flip: the same ring, another board.
void RebuildAfterFlip(benchmark::State& state, RingSpec ring) {
  const auto shards = static_cast<std::size_t>(state.range(0));
  const ClusterSpec spec = MakeSpec(shards, ring);
  auto table = Table(spec, AliveBoard(shards));
  StatusBoard board = AliveBoard(shards);
  std::size_t i = 0;
  for (auto _ : state) {
    ShardStatus& status = board.shards[i++ / 2 % shards].status;
    status = status == ShardStatus::kAlive ? ShardStatus::kDead : ShardStatus::kAlive;
    table = Table(spec, board, table.get());
    benchmark::DoNotOptimize(table);
  }
}

// What Cluster does for a lookup: this thread's reference to the newest table, and the key in it.
const TableSlot& SharedSlot(std::size_t shards) {
  static std::map<std::size_t, std::unique_ptr<TableSlot>> slots;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  auto& slot = slots[shards];
  if (!slot) {
    slot = std::make_unique<TableSlot>();
    // Every tenth shard is dead: its keys have stand-ins.
    StatusBoard board = AliveBoard(shards);
    for (std::size_t i = 0; i < shards; i += 10) board.shards[i].status = ShardStatus::kDead;
    slot->Publish({Table(MakeSpec(shards), std::move(board)), 1, 1, 0});
  }
  return *slot;
}

void Find(benchmark::State& state) {
  const TableSlot& slot = SharedSlot(static_cast<std::size_t>(state.range(0)));
  const Keys& keys = TheKeys();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(slot.Current().Find(keys[i++]));
}

void Locate(benchmark::State& state) {
  const TableSlot& slot = SharedSlot(static_cast<std::size_t>(state.range(0)));
  const Keys& keys = TheKeys();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(slot.Current().Locate(keys[i++]));
}

BENCHMARK_CAPTURE(Hash, consistent, kConsistent);
BENCHMARK_CAPTURE(Hash, fnv1a_64, kFnv);
BENCHMARK_CAPTURE(Hash, md5, kMd5);
BENCHMARK_CAPTURE(Lookup, consistent, kConsistent)->Arg(100)->Arg(1000)->ThreadRange(1, 2);
BENCHMARK_CAPTURE(Lookup, ketama_fnv1a_64, kFnv)->Arg(100)->Arg(1000)->ThreadRange(1, 2);
BENCHMARK_CAPTURE(Lookup, ketama_md5, kMd5)->Arg(100)->Arg(1000)->ThreadRange(1, 2);
BENCHMARK_CAPTURE(Build, consistent, kConsistent)
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Build, ketama, kFnv)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(RebuildAfterFlip, consistent, kConsistent)
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(RebuildAfterFlip, ketama, kFnv)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(Find)->Arg(100)->Arg(1000)->ThreadRange(1, 2);
BENCHMARK(Locate)->Arg(100)->Arg(1000)->ThreadRange(1, 2);

}  // namespace
}  // namespace zkcluster::bench

BENCHMARK_MAIN();
