// Whole checkers, of production conductors, in a simulated world: the main job, counting, and
// changes of the spec.
#include "checker/cluster/participant.h"

#include <doctest/doctest.h>

#include "tests/support/settled_site.h"

namespace participant_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

}  // namespace

TEST_CASE(
    "main job: a killed shard is dead after refused_threshold, and alive again when it is back") {
  Settled site;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 1500ms));
  const auto dead = site.StateOf(kName, 1);
  CHECK(dead.reason == Reason::kRefused);
  CHECK(dead.counts.dead >= 2);
  CHECK(dead.since > Micros(0));
  site.fleet.Set("10.0.0.1:2", Server::kUp);
  REQUIRE(site.Reaches(kName, "AAAA", 2s));
  CHECK(site.StateOf(kName, 1).since > dead.since);
}

TEST_CASE("main job: a hung shard is dead after threshold") {
  Settled site;
  site.fleet.Set("10.0.0.1:3", Server::kHung);
  site.world.RunFor(1500ms);
  CHECK(site.Statuses(kName) == "AAAA");
  REQUIRE(site.Reaches(kName, "AADA", 2200ms));
  CHECK(site.StateOf(kName, 2).reason == Reason::kTimeout);
}

TEST_CASE("main job: nothing is written while nothing changes") {
  Settled site;
  site.world.RunFor(5s);
  const auto zxid = site.ensemble.zxid();
  site.world.RunFor(10min);
  CHECK(site.ensemble.zxid() == zxid);
}

TEST_CASE("main job: many deaths of one moment take few ballots and few commits") {
  Settled site({.shards = 1000});
  site.world.RunFor(3s);
  const auto zxid = site.ensemble.zxid();
  for (int i = 1; i <= 200; ++i) site.Set({i}, Server::kRefused);
  REQUIRE(site.Reaches(kName, std::string(200, 'D') + std::string(800, 'A'), 4s));
  // The probes find out within about a second.
  CHECK(site.WritesSince(zxid, "/votes/") <= std::size_t{3} * 12);
  CHECK(site.WritesSince(zxid, "/head") <= 12);
}

TEST_CASE("quorum: one checker of three flips nothing") {
  Settled site;
  const std::string last = site.Follower().id();
  for (const char* id : {"c1", "c2", "c3"}) {
    if (id != last) site.Kill(id);
  }
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.world.RunFor(60s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.LeaderOf(kName)->id == last);
  REQUIRE(site.BallotOf(kName, last));
  CHECK(site.BallotOf(kName, last)->votes[0].opinion == Opinion::kDead);
  CHECK(site.At(last).Logged("quorum.missing") >= 1);
  site.Start("c9");  // with `checkers: 3` a fresh one may take the place of another
  CHECK(site.Reaches(kName, "DAAA", 10s));
  CHECK(site.At(last).Logged("quorum.restored") == 1);
}

TEST_CASE("quorum: four checkers that see a death one after the other report no missing quorum") {
  Settled site({.checkers = 4});
  const SimChecker& leader = site.Leader();
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  // Two against two, for the time between their probes.
  REQUIRE(site.Reaches(kName, "DAAA", 10s));
  site.world.RunFor(10s);
  CHECK(leader.Logged("shard.dead") == 1);
  CHECK(leader.Logged("quorum.missing") == 0);
  CHECK(leader.Logged("quorum.restored") == 0);
}

TEST_CASE("quorum: without a number in the spec every checker ever seen counts") {
  Settled site({.change = EveryoneCounts});
  const std::string last = site.Follower().id();
  for (const char* id : {"c1", "c2", "c3"}) {
    if (id != last) site.Kill(id);
  }
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.world.RunFor(30s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.LedgerOf(kName).electorate == std::set<std::string>{"c1", "c2", "c3"});
}

TEST_CASE(
    "quorum: votes that differ stay undecided, and one checker cut from a shard flips nothing") {
  Settled site;
  site.fleet.SetReach("c1", "10.0.0.1:1", FakeFleet::Reach::kDropped);
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.BallotOf(kName, "c1")->votes[0].opinion == Opinion::kDead);
  site.fleet.SetReach("c2", "10.0.0.1:1", FakeFleet::Reach::kDropped);
  CHECK(site.Reaches(kName, "DAAA", 10s));
}

TEST_CASE("quorum: a checker without a route votes unknown, never dead") {
  Settled site;
  for (const char* id : {"c1", "c2", "c3"})
    site.fleet.SetReach(id, "10.0.0.1:1", FakeFleet::Reach::kNoRoute);
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.BallotOf(kName, "c1")->votes[0].opinion == Opinion::kUnknown);
}

TEST_CASE(
    "re-tally: a dead vote that was waiting wins when the alive voter leaves, if the quorum "
    "allows") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 1);
  spec.checkers = 4;
  spec.quorum = 2;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3", "c4"}) site.Start(id);
  REQUIRE(site.Reaches(kName, "A", 10s));
  for (const char* id : {"c1", "c2"})
    site.fleet.SetReach(id, "10.0.0.1:1", FakeFleet::Reach::kDropped);
  site.world.RunFor(10s);
  CHECK(site.Statuses(kName) == "A");  // two against two with a quorum of two: a tie
  site.Kill("c4");
  CHECK(site.Reaches(kName, "D", 10s));
}

TEST_CASE("spec: shards are added, removed and moved under running checkers") {
  Settled site;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 3s));
  const auto died = site.StateOf(kName, 1).since;
  auto spec = site.spec;
  spec.shards.erase(spec.shards.begin());       // s1 goes
  spec.shards.push_back({"s5", "10.0.0.9:5"});  // s5 comes, and refuses
  spec.shards[2].addr = "10.0.0.9:4";           // s4 moves
  site.fleet.Set("10.0.0.9:4", Server::kUp);
  site.Update(spec);
  REQUIRE(site.Reaches(kName, "DAAD", 5s));
  CHECK(site.StateOf(kName, 0).since == died);  // s2 kept its history
  CHECK(site.HeadOf(kName)->shards == 4);
  for (const char* id : {"c1", "c2", "c3"})
    CHECK(site.BallotOf(kName, id)->spec == site.HeadOf(kName)->spec);
}

TEST_CASE("spec: a change of thresholds reaches running checkers") {
  Settled site;
  auto spec = site.spec;
  spec.probe.refused_threshold = 20s;
  spec.probe.threshold = 20s;
  site.Update(spec);
  site.world.RunFor(1s);
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  site.world.RunFor(15s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.Reaches(kName, "ADAA", 7s));
}

TEST_CASE("flapping: a shard that dies again and again needs more good probes each time") {
  Settled site;
  std::vector<Duration> waits;
  for (int death = 0; death < 4; ++death) {
    site.fleet.Set("10.0.0.1:1", Server::kRefused);
    REQUIRE(site.Reaches(kName, "DAAA", 5s));
    site.fleet.Set("10.0.0.1:1", Server::kUp);
    const auto up = site.world.now();
    REQUIRE(site.Reaches(kName, "AAAA", 60s));
    waits.push_back(site.world.now() - up);
  }
  CHECK(waits[3] > waits[0]);
  CHECK(site.LedgerOf(kName).penalties.at("s1").required > 1);
}

TEST_CASE("spec: changed while no checker ran and no mirror helps, nothing is unknown in between") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 4);
  spec.checkers = 3;
  spec.mirror_limit = 10;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 30s));
  for (const char* id : {"c1", "c2", "c3"}) site.Kill(id);
  site.world.RunFor(10s);
  auto next = site.MakeSpec(kName, 5);
  next.checkers = 3;
  next.mirror_limit = 10;
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.Update(next);
  for (const char* id : {"d1", "d2", "d3"}) site.Start(id);
  bool unknown_seen = false;
  site.world.RunUntil(
      [&] {
        const auto head = site.HeadOf(kName);
        if (!head || head->shards != 5) return false;
        unknown_seen = unknown_seen || site.Statuses(kName).find('?') != std::string::npos;
        return site.Statuses(kName) == "DAAAA";
      },
      20s);
  CHECK(site.Statuses(kName) == "DAAAA");
  CHECK(!unknown_seen);
}

TEST_CASE("quorum: more ballots than the spec's checkers make the quorum larger") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 2);
  spec.checkers = 3;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3", "c4", "c5"}) site.Start(id);
  REQUIRE(site.Reaches(kName, "AA", 30s));
  site.world.RunFor(5s);
  for (const char* id : {"c1", "c2"}) {
    site.fleet.SetReach(id, "10.0.0.1:1", FakeFleet::Reach::kDropped);
  }
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AA");  // two of five are no majority
  site.fleet.SetReach("c3", "10.0.0.1:1", FakeFleet::Reach::kDropped);
  CHECK(site.Reaches(kName, "DA", 10s));
}

TEST_CASE("spec: a list near the limit of its size causes one warning for each change") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 3800);
  for (auto& shard : spec.shards) shard.name += std::string(120, 'x');
  site.Create(spec);
  SimChecker& checker = site.Start("c1");
  REQUIRE(site.world.RunUntil([&] { return checker.Logged("spec.taken") == 1; }, 10s));
  CHECK(checker.Logged("spec.near_limit") == 0);
  for (auto& shard : spec.shards) shard.name += std::string(30, 'x');
  site.Update(spec);
  REQUIRE(site.world.RunUntil([&] { return checker.Logged("spec.changed") == 1; }, 10s));
  CHECK(checker.Logged("spec.near_limit") == 1);
  site.world.RunFor(10s);
  CHECK(checker.Logged("spec.near_limit") == 1);
}

}  // namespace participant_test
