// Faults that the judge found in the product. Each of these scenarios broke an invariant once.
#include <doctest/doctest.h>

#include "tests/support/judged_site.h"

namespace found_test {

using namespace zkcluster;
using namespace zkcluster::history;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

// Three checkers serve the cluster, and every shard is alive.
void Run(JudgedSite& site, const ClusterSpec& spec) {
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  REQUIRE(site.Reaches(kName, std::string(spec.shards.size(), 'A'), 10s));
}

// The list changes while no checker runs: the next leader finds neither the old list nor a mirror.
ClusterSpec WithoutMirror(JudgedSite& site, int shards) {
  ClusterSpec spec = site.MakeSpec(kName, shards);
  spec.checkers = 3;
  spec.mirror_limit = 0;
  return spec;
}
void KillAll(JudgedSite& site) {
  for (const char* id : {"c1", "c2", "c3"}) site.Kill(id);
}
void ChangeUnseen(JudgedSite& site, ClusterSpec spec) {
  spec.failover = false;
  site.Update(spec);
  site.world.RunFor(10s);
}
void StartSuccessors(JudgedSite& site, Micros wall_offset = {}) {
  for (const char* id : {"c4", "c5", "c6"}) site.Start(id).loop().SetWallOffset(wall_offset);
}

}  // namespace

TEST_CASE("a leader that missed a spec does not go back to an older one while the newest is bad") {
  JudgedSite site;
  ClusterSpec spec = site.MakeSpec(kName, 2);
  spec.checkers = 3;
  Run(site, spec);
  site.world.RunFor(2s);
  const std::string leader = site.LeaderOf(kName)->id;
  // The others miss the second spec, and the third consists of bad bytes.
  for (auto& checker : site.checkers) {
    if (checker->id() != leader) site.ensemble.Mute(checker->client());
  }
  spec.shards.push_back({"s3", "10.0.0.1:3"});
  site.fleet.Set("10.0.0.1:3", Server::kUp);
  site.Update(spec);
  const auto second = site.ensemble.Get(kPaths.shards())->stat.mzxid;
  REQUIRE(site.world.RunUntil([&] { return site.HeadOf(kName)->spec.shards_zxid == second; }, 1s));
  site.ensemble.Put(kPaths.options(), "bad");
  for (auto& checker : site.checkers) site.ensemble.Reconnect(checker->client());
  site.world.RunFor(3s);
  site.Kill(leader);
  site.world.RunFor(30s);
  CHECK_MESSAGE(site.Violations().empty(), site.Violations());
  CHECK(site.HeadOf(kName)->spec.shards_zxid == second);
}

TEST_CASE("a leader that knows neither the list nor a mirror, whose clock was set back") {
  JudgedSite site;
  const ClusterSpec spec = WithoutMirror(site, 2);
  Run(site, spec);
  site.world.RunFor(2s);
  const auto since = site.StateOf(kName, 0).since;
  KillAll(site);
  ChangeUnseen(site, spec);
  StartSuccessors(site, -1h);
  REQUIRE(site.world.RunUntil([&] { return !site.HeadOf(kName) || site.HeadOf(kName)->epoch > 1; },
                              20s));
  REQUIRE(site.Reaches(kName, "AA", 10s));
  CHECK_MESSAGE(site.Violations().empty(), site.Violations());
  CHECK(site.StateOf(kName, 0).since >= since);
}

TEST_CASE("a leader that knows neither the list nor a mirror, while the cluster is frozen") {
  JudgedSite site;
  ClusterSpec spec = WithoutMirror(site, 4);
  spec.max_dead_fraction = 0.5;
  Run(site, spec);
  for (const int dead : {0, 1}) {
    site.fleet.Set(spec.shards[static_cast<std::size_t>(dead)].addr, Server::kRefused);
  }
  REQUIRE(site.Reaches(kName, "DDAA", 10s));
  site.fleet.Set(spec.shards[2].addr, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  KillAll(site);
  ChangeUnseen(site, spec);
  StartSuccessors(site);
  site.world.RunFor(20s);
  CHECK_MESSAGE(site.Violations().empty(), site.Violations());
  // A shard that cannot be called dead is marked as lost: clients keep what they know.
  CHECK(site.Statuses(kName) == "???A");
  for (std::size_t held = 0; held < 3; ++held) CHECK(site.StateOf(kName, held).lost());
  // When few enough would be dead, everything is decided again.
  for (const int back : {0, 1, 2}) {
    site.fleet.Set(spec.shards[static_cast<std::size_t>(back)].addr, Server::kUp);
  }
  CHECK(site.Reaches(kName, "AAAA", 20s));
  CHECK(!site.LedgerOf(kName).freeze.frozen);
  CHECK_MESSAGE(site.Violations().empty(), site.Violations());
}

TEST_CASE("a leader that knows neither the list nor a mirror, while the cluster is paused") {
  JudgedSite site;
  const ClusterSpec spec = WithoutMirror(site, 2);
  Run(site, spec);
  site.world.RunFor(2s);
  KillAll(site);
  Ledger ledger = site.LedgerOf(kName);
  ledger.pause = Pause{Micros(1), Micros(0), "ann", ""};
  site.ensemble.Put(kPaths.ledger(), EncodeLedger(ledger));
  ChangeUnseen(site, spec);
  StartSuccessors(site);
  site.world.RunFor(20s);
  CHECK_MESSAGE(site.Violations().empty(), site.Violations());
  CHECK(site.Statuses(kName) == "AA");
}

}  // namespace found_test
