#include "model/spec_diff.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "model/settings.h"

namespace zkcluster {
namespace {

std::string ValueOf(const std::vector<RingSetting>& settings, std::string_view key) {
  const auto found = std::ranges::find(settings, key, &RingSetting::key);
  return found == settings.end() ? "-" : found->text();
}

void CompareRings(const RingSpec& from, const RingSpec& to, SpecDiff& diff) {
  const auto before = RingSettings(from);
  const auto after = RingSettings(to);
  for (const std::string key : {"type", "points", "hash"}) {
    std::string old_value = ValueOf(before, key);
    std::string new_value = ValueOf(after, key);
    if (old_value == new_value) continue;
    diff.settings.push_back({"ring." + key, std::move(old_value), std::move(new_value)});
  }
}

void CompareSettings(const ClusterSpec& from, const ClusterSpec& to, SpecDiff& diff) {
  for (const Setting& setting : Settings()) {
    const SettingValue before = GetSetting(from, setting);
    const SettingValue after = GetSetting(to, setting);
    if (before == after) continue;
    diff.settings.push_back(
        {std::string(setting.key), FormatSetting(before), FormatSetting(after)});
  }
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
  CompareRings(from.ring, to.ring, diff);
  CompareSettings(from, to, diff);

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

namespace {

std::string DescribeSetting(const SpecDiff::Setting& setting) {
  if (setting.from == "-") return setting.key + " set to " + setting.to;
  if (setting.to == "-") return setting.key + " " + setting.from + " -> none";
  return setting.key + " " + setting.from + " -> " + setting.to;
}

}  // namespace

std::vector<std::string> DescribeDiff(const SpecDiff& diff) {
  std::vector<std::string> items;
  std::size_t left = 0;
  const auto add = [&](std::string item) {
    if (items.size() + 1 < kMostDescribed) {
      items.push_back(std::move(item));
    } else {
      ++left;
    }
  };
  for (const ShardSpec& shard : diff.removed) add(shard.name + " removed");
  for (const ShardSpec& shard : diff.added) add(shard.name + " added (" + shard.addr + ")");
  for (const auto& shard : diff.moved) add(shard.name + " " + shard.from + " -> " + shard.to);
  for (const auto& shard : diff.reweighted) {
    add(shard.name + " weight " + std::to_string(shard.from) + " -> " + std::to_string(shard.to));
  }
  for (const auto& setting : diff.settings) add(DescribeSetting(setting));
  if (diff.reordered) add("the shards are in another order");
  if (left > 0) items.push_back("and " + std::to_string(left) + " more");
  return items;
}

}  // namespace zkcluster
