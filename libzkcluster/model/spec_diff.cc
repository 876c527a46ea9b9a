#include "model/spec_diff.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "text/duration.h"
#include "text/fraction.h"

namespace zkcluster {
namespace {

std::string Shown(RingType type) {
  return std::string(RingTypeName(type));
}
std::string Shown(RingHash hash) {
  return std::string(RingHashName(hash));
}
std::string Shown(bool value) {
  return value ? "true" : "false";
}
std::string Shown(int value) {
  return std::to_string(value);
}
std::string Shown(std::size_t value) {
  return std::to_string(value);
}
std::string Shown(Duration value) {
  return FormatDuration(value);
}
std::string Shown(double value) {
  return FormatFraction(value);
}
template <class T>
std::string Shown(const std::optional<T>& value) {
  return value ? Shown(*value) : "-";
}

// What the ring's type uses, as the spec file has it.
std::optional<int> PointsOf(const RingSpec& ring) {
  return ring.type == RingType::kKetama ? std::nullopt : std::optional(ring.points);
}
std::optional<RingHash> HashOf(const RingSpec& ring) {
  return ring.type == RingType::kKetama ? std::optional(ring.hash) : std::nullopt;
}

using Index = std::unordered_map<std::string_view, const ShardSpec*>;
Index IndexByName(const std::vector<ShardSpec>& shards) {
  Index index;
  index.reserve(shards.size());
  for (const ShardSpec& shard : shards) index.emplace(shard.name, &shard);
  return index;
}

}  // namespace

SpecDiff DiffSpecs(const ClusterSpec& from, const ClusterSpec& to) {
  SpecDiff diff;
  const auto compare = [&diff](std::string key, const auto& a, const auto& b) {
    if (a != b) diff.settings.push_back({std::move(key), Shown(a), Shown(b)});
  };
  compare("ring.type", from.ring.type, to.ring.type);
  compare("ring.points", PointsOf(from.ring), PointsOf(to.ring));
  compare("ring.hash", HashOf(from.ring), HashOf(to.ring));
  compare("failover", from.failover, to.failover);
  compare("checkers", from.checkers, to.checkers);
  compare("quorum", from.quorum, to.quorum);
  compare("min_racks", from.min_racks, to.min_racks);
  compare("max_dead_fraction", from.max_dead_fraction, to.max_dead_fraction);
  compare("probe.interval", from.probe.interval, to.probe.interval);
  compare("probe.timeout", from.probe.timeout, to.probe.timeout);
  compare("probe.threshold", from.probe.threshold, to.probe.threshold);
  compare("probe.refused_threshold", from.probe.refused_threshold, to.probe.refused_threshold);
  compare("probe.fast_interval", from.probe.fast_interval, to.probe.fast_interval);
  compare("mirror_limit", from.mirror_limit, to.mirror_limit);

  const Index old_shards = IndexByName(from.shards);
  const Index new_shards = IndexByName(to.shards);
  std::vector<std::string_view> old_order;
  std::vector<std::string_view> new_order;
  for (const ShardSpec& shard : from.shards) {
    if (new_shards.contains(shard.name)) {
      old_order.push_back(shard.name);
    } else {
      diff.removed.push_back(shard);
    }
  }
  for (const ShardSpec& shard : to.shards) {
    const auto old = old_shards.find(shard.name);
    if (old == old_shards.end()) {
      diff.added.push_back(shard);
      continue;
    }
    new_order.push_back(shard.name);
    if (old->second->addr != shard.addr) {
      diff.moved.push_back({shard.name, old->second->addr, shard.addr});
    }
    if (old->second->weight != shard.weight) {
      diff.reweighted.push_back({shard.name, old->second->weight, shard.weight});
    }
  }
  diff.reordered = old_order != new_order;
  return diff;
}

}  // namespace zkcluster
