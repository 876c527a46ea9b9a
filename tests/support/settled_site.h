// A site with checkers of production conductors and living shards, everything decided: the start of
// the tests of whole checkers. Not thread-safe: it belongs to its world.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/fakes/sim_checker.h"

namespace zkcluster::sim {

inline constexpr const char* kSettledCluster = "sessions";

struct SettledOptions {
  std::uint64_t seed = 1;
  int shards = 4;
  int checkers = 3;  // c1, c2 ...; the spec says as many
  std::function<void(ClusterSpec&)> change = nullptr;
  std::vector<std::string> racks = {};  // of c1, c2 ...
  SimSite::Lists lists = SimSite::Lists::kOpen;
};

struct Settled : SimSite {
  explicit Settled(const SettledOptions& options = {}) : SimSite(options.seed, options.lists) {
    spec = MakeSpec(kSettledCluster, options.shards);
    spec.checkers = options.checkers;
    if (options.change) options.change(spec);
    Create(spec);
    const auto ids = static_cast<std::size_t>(options.checkers);
    for (std::size_t i = 0; i < ids; ++i) {
      SimChecker::Options checker;
      checker.id = "c" + std::to_string(i + 1);
      checker.identity = CheckerIdentity(checker.id);
      if (i < options.racks.size()) checker.rack = options.racks[i];
      Start(std::move(checker));
    }
    REQUIRE(
        Reaches(kSettledCluster, std::string(spec.shards.size(), 'A'), std::chrono::seconds(10)));
    REQUIRE(world.RunUntil([&] { return LedgerOf(kSettledCluster).electorate.size() == ids; },
                           std::chrono::seconds(10)));
  }
  SimChecker& Leader() { return At(LeaderOf(kSettledCluster)->id); }
  SimChecker& Follower() {
    for (auto& checker : checkers) {
      if (checker->id() != LeaderOf(kSettledCluster)->id) return *checker;
    }
    return *checkers[0];
  }
  // Runs until the next one leads.
  void KillLeader() {
    const LeaderRecord last = *LeaderOf(kSettledCluster);
    Kill(last.id);
    REQUIRE(world.RunUntil([&] { return LeaderOf(kSettledCluster)->epoch > last.epoch; },
                           std::chrono::seconds(30)));
    world.RunFor(std::chrono::seconds(1));
  }
  // The servers of these shards, counted from 1.
  void Set(std::initializer_list<int> shards, FakeFleet::Server server) {
    for (const int shard : shards)
      fleet.Set(spec.shards[static_cast<std::size_t>(shard - 1)].addr, server);
  }
  // Like an operator's order: writes the ledger at its present version.
  void Order(const std::function<void(Ledger&)>& change) {
    const auto node = ensemble.Get(paths.ledger());
    REQUIRE(node.has_value());
    Ledger ledger = *DecodeLedger(node->data);
    change(ledger);
    REQUIRE(ensemble.Commit({zk::SetOp{paths.ledger(), EncodeLedger(ledger), node->stat.version}}));
  }
  [[nodiscard]] std::vector<Event> Journal() const {
    std::vector<Event> events;
    for (const auto& name : ensemble.Children(paths.events())) {
      auto event = DecodeEvent(ensemble.Get(paths.events() + "/" + name)->data);
      if (event) events.push_back(*std::move(event));
    }
    return events;
  }
  [[nodiscard]] std::size_t CountEvents(std::string_view kind) const {
    const auto journal = Journal();
    return static_cast<std::size_t>(
        std::count_if(journal.begin(), journal.end(),
                      [kind](const Event& event) { return EventKindName(event) == kind; }));
  }
  // The statuses in the Go form, as Statuses has those of the head.
  [[nodiscard]] std::string Mirrored() const {
    const auto mirror = DecodeMirror(ensemble.Get(paths.mirror())->data);
    return mirror ? StatusLetters(FromMirror(*mirror, spec.shards).shards) : "bad";
  }
  ClusterSpec spec;
  const ClusterPaths paths{kRoot, kSettledCluster};
};

// Six shards, and a rack for each checker.
struct SettledSix : Settled {
  explicit SettledSix(const std::function<void(ClusterSpec&)>& change = nullptr,
                      const std::vector<std::string>& racks = {"r1", "r2", "r3"},
                      std::uint64_t seed = 1)
      : Settled({.seed = seed, .shards = 6, .change = change, .racks = racks}) {
    world.RunFor(std::chrono::seconds(1));
  }
};

// The spec has no number of checkers: each one ever seen may vote.
inline void EveryoneCounts(ClusterSpec& spec) {
  spec.checkers.reset();
}
inline void HalfMayDie(ClusterSpec& spec) {
  spec.max_dead_fraction = 0.5;
}

}  // namespace zkcluster::sim
