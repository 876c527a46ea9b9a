#include "tests/sim/placement_judge.h"

#include <fmt/format.h>

#include <algorithm>

namespace zkcluster::sim {
namespace {

constexpr int kKeys = 12;

// As twemproxy computes fnv1a_64: in 32 bits. The simulator has no other ketama ring.
std::uint32_t HashOf(std::string_view key, const RingSpec& ring) {
  if (RingTypeOf(ring) != RingType::kKetama) return Ring::Hash(key);
  std::uint32_t hash = 0x84222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x000001b3;
  return hash;
}

// The rule: the first shard on the ring from the key's point on that is not dead serves the key.
// The key is valid since the newest of that shard's Since and the deaths of the shards before it.
RoutingTable::Route Walk(const RoutingTable& table, std::string_view key) {
  const auto& points = table.ring().points();
  const std::uint32_t hash = HashOf(key, table.spec().ring);
  std::size_t at = 0;
  while (at < points.size() && points[at].hash < hash) ++at;
  if (at == points.size()) at = 0;
  RoutingTable::Route route{points[at].shard, RoutingTable::kNobody, Micros(0)};
  const std::size_t reach = table.spec().failover ? points.size() : 1;
  for (std::size_t n = 0; n < reach; ++n) {
    const std::uint32_t shard = points[(at + n) % points.size()].shard;
    const ShardState& state = table.board().shards[shard];
    route.since = std::max(route.since, state.since);
    if (state.status == ShardStatus::kDead) continue;
    route.serving = shard;
    return route;
  }
  // No shard serves the key: its time is that of its owner's death.
  route.since = table.board().shards[route.owner].since;
  return route;
}

}  // namespace

std::optional<std::string> FindMisplacedKey(const RoutingTable& table) {
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = fmt::format("key-{}", i);
    const RoutingTable::Route is = table.Find(key);
    const RoutingTable::Route should = Walk(table, key);
    if (is.owner == should.owner && is.serving == should.serving && is.since == should.since)
      continue;
    return fmt::format("{} of owner {} is served by {} since {}, not by {} since {}", key,
                       should.owner, static_cast<std::int32_t>(is.serving), is.since.count(),
                       static_cast<std::int32_t>(should.serving), should.since.count());
  }
  return std::nullopt;
}

}  // namespace zkcluster::sim
