// A site with three checkers of production conductors and four living shards, everything decided:
// where the tests of whole checkers begin. Not thread-safe: it is its world's.
#pragma once

#include <doctest/doctest.h>

#include "tests/fakes/sim_checker.h"

namespace zkcluster::sim {

inline constexpr const char* kSettledCluster = "sessions";

struct Settled : SimSite {
  explicit Settled(std::uint64_t seed = 1, std::optional<int> checkers_in_spec = 3,
                   Lists lists = Lists::kOpen)
      : SimSite(seed, lists) {
    spec = MakeSpec(kSettledCluster, 4);
    spec.checkers = checkers_in_spec;
    Create(spec);
    for (const char* id : {"c1", "c2", "c3"}) Start(id);
    REQUIRE(Reaches(kSettledCluster, "AAAA", std::chrono::seconds(10)));
    REQUIRE(world.RunUntil([&] { return LedgerOf(kSettledCluster).electorate.size() == 3; },
                           std::chrono::seconds(10)));
  }
  SimChecker& Leader() { return At(LeaderOf(kSettledCluster)->id); }
  SimChecker& Follower() {
    for (auto& checker : checkers) {
      if (checker->id() != LeaderOf(kSettledCluster)->id) return *checker;
    }
    return *checkers[0];
  }
  ClusterSpec spec;
};

}  // namespace zkcluster::sim
