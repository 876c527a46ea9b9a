#include "tests/sim/scene_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;

constexpr int kMostShards = 14;

void DrawNumbers(Dice& dice, ClusterSpec& spec, std::size_t checkers) {
  const int n = static_cast<int>(checkers);
  spec.checkers.reset();
  spec.quorum.reset();
  if (dice.Chance(0.4)) spec.checkers = n;
  if (dice.Chance(0.08)) spec.checkers = dice.Between(1, 7);
  if (dice.Chance(0.25)) spec.quorum = dice.Between(1, spec.checkers.value_or(n));
  spec.min_racks.reset();
  if (dice.Chance(0.15)) spec.min_racks = std::min(dice.Between(1, 2), spec.checkers.value_or(n));
  spec.max_dead_fraction.reset();
  if (dice.Chance(0.2)) spec.max_dead_fraction = dice.Between(1, 9) * 0.1;
  spec.mirror_limit.reset();
  if (dice.Chance(0.4)) spec.mirror_limit = dice.Chance(0.5) ? 0 : 300;
  spec.failover = dice.Chance(0.8);
  spec.probe = {};
  if (dice.Chance(0.3)) {
    const HealthSettings health = DrawHealth(dice);
    spec.probe.interval = health.interval;
    spec.probe.timeout = health.timeout;
    spec.probe.threshold = health.threshold;
  }
}

int NumberOf(const ShardSpec& shard) {
  return std::stoi(shard.name.substr(1));
}

}  // namespace

HealthSettings DrawHealth(Dice& dice) {
  HealthSettings health;
  health.interval = milliseconds(dice.Pick(std::vector<int>{500, 700, 1000}));
  health.timeout = milliseconds(dice.Pick(std::vector<int>{200, 300, 400}));
  health.threshold = std::max(health.interval, Duration(milliseconds(dice.Between(10, 20) * 100)));
  health.refused_threshold = milliseconds(dice.Between(5, 10) * 100);
  health.fast_interval = milliseconds(dice.Pick(std::vector<int>{150, 250}));
  return health;
}

std::string AddressOf(std::size_t cluster, int number, int place) {
  return fmt::format("10.{}.0.{}:{}", cluster + 1, place, number);
}

std::vector<std::string> AddressesOf(std::size_t cluster, const ClusterSpec& spec) {
  const int most = std::max(kMostShards, static_cast<int>(spec.shards.size()) + 5);
  std::vector<std::string> addresses;
  for (int number = 1; number <= most; ++number) {
    for (const int place : {1, 2}) addresses.push_back(AddressOf(cluster, number, place));
  }
  return addresses;
}

ScenePlan PlainScene() {
  ScenePlan plan;
  plan.health.interval = milliseconds(500);
  plan.health.timeout = milliseconds(300);
  plan.health.threshold = milliseconds(1500);
  plan.health.refused_threshold = milliseconds(700);
  plan.health.fast_interval = milliseconds(200);
  for (int i = 1; i <= 3; ++i) {
    plan.checkers.push_back({fmt::format("c{}", i), fmt::format("r{}", i), kShortestSession});
  }
  ClusterPlan cluster;
  cluster.spec.name = "a";
  cluster.spec.checkers = 3;
  cluster.spec.ring = ConsistentRing{8};
  for (int i = 1; i <= 4; ++i) {
    cluster.spec.shards.push_back({fmt::format("s{}", i), AddressOf(0, i)});
  }
  plan.clusters.push_back(std::move(cluster));
  return plan;
}

ScenePlan DrawScene(std::uint64_t seed) {
  Dice dice(seed, "scene");
  ScenePlan plan;
  plan.seed = seed;
  const bool large = dice.Chance(0.015);
  const int checkers = large ? 3 : dice.Pick(std::vector<int>{3, 3, 3, 3, 4, 5, 5, 6, 7});
  const int racks = dice.Between(0, 3);
  for (int i = 1; i <= checkers; ++i) {
    CheckerPlan checker;
    checker.id = fmt::format("c{}", i);
    if (racks > 0) checker.rack = fmt::format("r{}", i % racks);
    checker.session_timeout = milliseconds(dice.Between(4, 8) * 500);
    plan.checkers.push_back(std::move(checker));
  }
  plan.health = DrawHealth(dice);
  const int clusters = large ? 1 : dice.Pick(std::vector<int>{1, 1, 1, 1, 2, 2, 3});
  for (int k = 0; k < clusters; ++k) {
    ClusterPlan cluster;
    cluster.spec.name = std::string(1, static_cast<char>('a' + k));
    cluster.spec.ring = ConsistentRing{dice.Pick(std::vector<int>{1, 4, 8, 16})};
    const int shards = large ? dice.Between(513, 560) : dice.Between(1, clusters > 1 ? 6 : 12);
    for (int i = 1; i <= shards; ++i) {
      cluster.spec.shards.push_back(
          {fmt::format("s{}", i), AddressOf(static_cast<std::size_t>(k), i)});
    }
    DrawNumbers(dice, cluster.spec, plan.checkers.size());
    if (dice.Chance(0.15)) {
      cluster.first_sequence = std::numeric_limits<std::int32_t>::max() - dice.Between(0, 6);
    }
    plan.clusters.push_back(std::move(cluster));
  }
  plan.readers = dice.Between(1, 3);
  plan.operators = dice.Between(1, 2);
  plan.servers = dice.Pick(std::vector<int>{1, 3, 3, 3, 5});
  plan.two_formats = Dice(seed, "two formats").Chance(0.25);
  plan.named = Dice(seed, "names").Chance(0.25);
  Dice rings(seed, "rings");
  for (ClusterPlan& cluster : plan.clusters) {
    if (rings.Chance(0.2)) cluster.spec.ring = KetamaRing{};
  }
  Dice outliers(seed, "outliers");
  for (ClusterPlan& cluster : plan.clusters) {
    if (outliers.Chance(0.3)) cluster.spec.outlier_votes = OutlierVotes::kIgnore;
  }
  return plan;
}

std::string ScenePlan::Describe() const {
  const auto ms = [](Duration duration) {
    return std::chrono::duration_cast<milliseconds>(duration).count();
  };
  std::string text = fmt::format(
      "servers {}, readers {}, operators {}, probes every {} ms (timeout {}, threshold {}, "
      "refused {})\n",
      servers, readers, operators, ms(health.interval), ms(health.timeout), ms(health.threshold),
      ms(health.refused_threshold));
  if (named) text += "  hosts are names\n";
  for (const auto& checker : checkers) {
    text += fmt::format("  checker {} rack '{}' session {} ms\n", checker.id, checker.rack,
                        ms(checker.session_timeout));
  }
  for (const auto& cluster : clusters) {
    const ClusterSpec& spec = cluster.spec;
    text += fmt::format("  cluster {}: {} shards", spec.name, spec.shards.size());
    if (spec.checkers) text += fmt::format(", checkers {}", *spec.checkers);
    if (spec.quorum) text += fmt::format(", quorum {}", *spec.quorum);
    if (spec.min_racks) text += fmt::format(", min_racks {}", *spec.min_racks);
    if (spec.max_dead_fraction) text += fmt::format(", max_dead {:.1f}", *spec.max_dead_fraction);
    if (spec.mirror_limit) text += fmt::format(", mirror_limit {}", *spec.mirror_limit);
    if (!spec.failover) text += ", no failover";
    if (cluster.first_sequence != 0) {
      text += fmt::format(", sequence from {}", cluster.first_sequence);
    }
    text += "\n";
  }
  return text;
}

ClusterSpec DrawChange(Dice& dice, const ClusterSpec& from, std::size_t cluster,
                       std::size_t checkers) {
  ClusterSpec spec = from;
  std::set<int> used;
  for (const auto& shard : spec.shards) used.insert(NumberOf(shard));
  const bool large = spec.shards.size() > 100;
  const int most = large ? static_cast<int>(spec.shards.size()) : kMostShards;
  int next = 1;
  while (used.contains(next)) ++next;
  switch (dice.Below(7)) {
    case 0:
    case 1:
      if (next > most) break;
      spec.shards.insert(
          spec.shards.begin() + static_cast<std::ptrdiff_t>(dice.Below(spec.shards.size() + 1)),
          {fmt::format("s{}", next), AddressOf(cluster, next)});
      break;
    case 2:
    case 3:
      if (spec.shards.size() < 2) break;
      spec.shards.erase(spec.shards.begin() +
                        static_cast<std::ptrdiff_t>(dice.Below(spec.shards.size())));
      break;
    case 4: {
      ShardSpec& moved = spec.shards[dice.Below(spec.shards.size())];
      const int number = NumberOf(moved);
      moved.addr = AddressOf(cluster, number, moved.addr == AddressOf(cluster, number) ? 2 : 1);
      break;
    }
    case 5:
      std::swap(spec.shards[dice.Below(spec.shards.size())],
                spec.shards[dice.Below(spec.shards.size())]);
      if (RingTypeOf(spec.ring) == RingType::kKetama) {
        for (ShardSpec& shard : spec.shards) shard.weight = shard.weight % 3 + 1;
      }
      break;
    default:
      DrawNumbers(dice, spec, checkers);
  }
  return spec;
}

}  // namespace zkcluster::sim
