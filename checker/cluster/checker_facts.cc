#include "checker/cluster/checker_facts.h"

#include <algorithm>

namespace zkcluster {

namespace {

template <class Predicate>
std::size_t CountClusters(const CheckerFacts& facts, const Predicate& holds) {
  return static_cast<std::size_t>(
      std::count_if(facts.clusters.begin(), facts.clusters.end(),
                    [&](const auto& named) { return holds(named.second); }));
}

}  // namespace

std::size_t CheckerFacts::Unpublished() const {
  return CountClusters(*this, [](const ClusterFacts& cluster) {
    return cluster.ballot_allowed && !cluster.ballot_published;
  });
}

std::vector<std::string> CheckerFacts::Silent() const {
  std::vector<std::string> silent;
  for (const auto& [name, cluster] : clusters) {
    if (!cluster.ballot_published) silent.push_back(name);
  }
  return silent;
}

std::size_t CheckerFacts::Leading() const {
  return CountClusters(*this, [](const ClusterFacts& cluster) { return cluster.leading; });
}

std::size_t CheckerFacts::Frozen() const {
  return CountClusters(*this, [](const ClusterFacts& cluster) { return cluster.frozen(); });
}

std::size_t CheckerFacts::Paused() const {
  return CountClusters(*this, [](const ClusterFacts& cluster) { return cluster.paused(); });
}

std::size_t CheckerFacts::Shards() const {
  std::size_t shards = 0;
  for (const auto& [name, cluster] : clusters) shards += cluster.shards;
  return shards;
}

std::size_t CheckerFacts::Servers() const {
  std::size_t servers = 0;
  for (const auto& [name, cluster] : clusters) servers += cluster.servers();
  return servers;
}

std::size_t CheckerFacts::Dead() const {
  std::size_t dead = 0;
  for (const auto& [name, cluster] : clusters) dead += cluster.opinions[Opinion::kDead];
  return dead;
}

}  // namespace zkcluster
