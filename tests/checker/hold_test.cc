// Everything that holds flips back, with whole checkers in a simulated world: freeze, pause, racks,
// and the state that a new leader takes over from the ledger.
#include <doctest/doctest.h>

#include "tests/support/settled_site.h"

namespace hold_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;
const ClusterPaths kPaths(SimSite::kRoot, kName);

using Site = SettledSix;

}  // namespace

TEST_CASE("freeze: too many die at once, returns pass, and it ends below the lower bound") {
  Site site(HalfMayDie);
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAAAA", 5s));
  site.Set({2, 3, 4}, Server::kHung);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(20s);
  // The number of earlier flips depends on when the checkers saw the deaths.
  const std::string frozen = site.Statuses(kName);
  CHECK(std::count(frozen.begin(), frozen.end(), 'D') <= 3);
  CHECK(site.CountEvents(Event::Freeze::kKind) == 1);
  CHECK(site.Leader().Logged("freeze.began") == 1);
  CHECK(site.Leader().facts().Frozen() == 1);

  site.Set({1}, Server::kUp);  // three would be dead: still frozen
  REQUIRE(site.world.RunUntil([&] { return site.StatusOf(kName, 0) == ShardStatus::kAlive; }, 5s));
  CHECK(site.LedgerOf(kName).freeze.frozen);
  site.world.RunFor(10s);
  CHECK(site.LedgerOf(kName).freeze.frozen);
  site.Set({2}, Server::kUp);  // two would be
  REQUIRE(site.Reaches(kName, "AADDAA", 10s));
  // (The statuses may have been so before: which deaths passed is chance.)
  REQUIRE(site.world.RunUntil([&] { return !site.LedgerOf(kName).freeze.frozen; }, 10s));
  CHECK(site.CountEvents(Event::Unfreeze::kKind) == 1);
  site.world.RunFor(100ms);  // until the answer is there
  CHECK(site.Leader().Logged("freeze.ended") == 1);
}

TEST_CASE("freeze: the next leader carries it on") {
  Site site(HalfMayDie);
  site.Set({1, 2, 3, 4, 5}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  const std::string frozen = site.Statuses(kName);
  site.KillLeader();
  // Two of three still see five of the six dead; nothing flips, and the freeze does
  // not begin again.
  site.Set({5}, Server::kUp);
  site.Set({4}, Server::kUp);  // three: not below the bound
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == frozen);
  CHECK(site.LedgerOf(kName).freeze.frozen);
  CHECK(site.CountEvents(Event::Freeze::kKind) == 1);
}

TEST_CASE("freeze: rows that an outsider corrupted are reported as lost, and returns pass") {
  Site site([](ClusterSpec& spec) {
    HalfMayDie(spec);
    spec.mirror_limit = 1;  // not kept
  });
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAAAA", 5s));
  site.Set({2, 3, 4, 5}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(5s);
  // The next leader has never read those rows.
  const auto epoch = site.LeaderOf(kName)->epoch;
  const std::string first = site.LeaderOf(kName)->id;
  site.Kill(first);
  site.ensemble.Put(kPaths.chunk(0), "garbage");
  REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch > epoch; }, 30s));
  const auto rows = [&] { return DecodeChunk(site.ensemble.Get(kPaths.chunk(0))->data); };
  REQUIRE(site.world.RunUntil([&] { return rows().has_value(); }, 5s));
  CHECK(site.LedgerOf(kName).freeze.frozen);
  for (std::size_t shard = 0; shard < 5; ++shard) {
    CHECK((*rows())[shard].lost());
    CHECK((*rows())[shard].since > Micros(0));
  }
  CHECK((*rows())[5].status == ShardStatus::kAlive);

  site.Set({1}, Server::kUp);
  REQUIRE(site.world.RunUntil([&] { return site.StatusOf(kName, 0) == ShardStatus::kAlive; }, 5s));
  const auto since = (*rows())[1].since;
  site.KillLeader();
  site.Start(first);  // two of three again
  site.world.RunFor(10s);
  CHECK(site.LedgerOf(kName).freeze.frozen);
  CHECK((*rows())[1].lost());
  CHECK((*rows())[1].since == since);
  site.Order([](Ledger& ledger) { ledger.freeze.accept = true; });
  REQUIRE(site.Reaches(kName, "ADDDDA", 10s));
}

TEST_CASE("freeze: an operator accepts the deaths") {
  Site site(HalfMayDie);
  site.Set({1, 2, 3, 4, 5}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(5s);
  site.Order([](Ledger& ledger) { ledger.freeze.accept = true; });
  REQUIRE(site.Reaches(kName, "DDDDDA", 2s));
  CHECK(site.LedgerOf(kName).freeze.accepted == 5);
  CHECK(!site.LedgerOf(kName).freeze.frozen);
  site.Set({6}, Server::kRefused);  // one more than accepted
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  CHECK(site.Statuses(kName) == "DDDDDA");
}

TEST_CASE("freeze: lifted without accepting, it begins again while as many are dead") {
  Site site(HalfMayDie);
  site.Set({1, 2, 3, 4, 5}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(5s);
  const std::string frozen = site.Statuses(kName);
  site.Order([](Ledger& ledger) { ledger.freeze = Freeze{}; });
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 5s));
  CHECK(site.Statuses(kName) == frozen);
  CHECK(site.CountEvents(Event::Freeze::kKind) == 2);
}

TEST_CASE("freeze: a spec without the fraction ends it") {
  Site site(HalfMayDie);
  site.Set({1, 2, 3, 4, 5}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  ClusterSpec spec = site.spec;
  spec.max_dead_fraction.reset();
  site.Update(spec);
  REQUIRE(site.Reaches(kName, "DDDDDA", 5s));
  CHECK(site.LedgerOf(kName).freeze == Freeze{});
}

TEST_CASE("pause: nothing flips, a commit under way is refused, and it ends by itself") {
  Site site;
  const Micros until = site.world.wall_now() + 30s;
  // The order arrives between tally and commit.
  bool ordered = false;
  site.ensemble.SetFate(site.Leader().client(), [&](const Request& request) {
    const bool commit = request.verb == Verb::kMulti && request.ops.size() > 3;
    if (commit && !ordered) {
      ordered = true;
      site.Order([&](Ledger& ledger) {
        ledger.pause = Pause{site.world.wall_now(), until, "ann@ops1", "switch replaced"};
      });
    }
    return Fate::kServe;
  });
  site.Set({1}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return ordered; }, 10s));
  site.world.RunFor(10s);
  CHECK(site.Statuses(kName) == "AAAAAA");
  CHECK(site.Leader().Logged("leader.hold") == 1);
  CHECK(site.Leader().facts().Paused() == 1);
  REQUIRE(site.BallotOf(kName, "c1"));
  CHECK(site.BallotOf(kName, "c1")->votes[0].opinion == Opinion::kDead);  // still voting

  site.KillLeader();  // the next one reads the pause from the ledger
  CHECK(site.Statuses(kName) == "AAAAAA");
  REQUIRE(site.Reaches(kName, "DAAAAA", 30s));
  CHECK(site.world.wall_now() >= until);
  CHECK(!site.LedgerOf(kName).pause);
  CHECK(site.CountEvents(Event::Resume::kKind) == 1);
}

TEST_CASE("pause: without an end it holds until an operator resumes") {
  Site site;
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  site.Set({1}, Server::kRefused);
  site.world.RunFor(5min);
  CHECK(site.Statuses(kName) == "AAAAAA");
  site.Order([](Ledger& ledger) { ledger.pause.reset(); });
  CHECK(site.Reaches(kName, "DAAAAA", 2s));
}

TEST_CASE("pause: a changed list of shards is taken over meanwhile, nothing new is decided") {
  Site site;
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  ClusterSpec spec = site.spec;
  spec.shards.erase(spec.shards.begin());
  spec.shards.push_back({"s7", "10.0.0.1:7"});
  site.fleet.Set("10.0.0.1:7", Server::kUp);
  site.Update(spec);
  REQUIRE(site.Reaches(kName, "AAAAA?", 10s));
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AAAAA?");
  site.Order([](Ledger& ledger) { ledger.pause.reset(); });
  CHECK(site.Reaches(kName, "AAAAAA", 5s));
}

TEST_CASE("maintenance: held both ways, over a change of leader, and it ends by itself") {
  Site site;
  site.Set({2}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAAAA", 10s));
  const Micros until = site.world.wall_now() + 40s;
  // The order arrives between tally and commit.
  bool ordered = false;
  site.ensemble.SetFate(site.Leader().client(), [&](const Request& request) {
    const bool commit = request.verb == Verb::kMulti && request.ops.size() > 3;
    if (commit && !ordered) {
      ordered = true;
      site.Order([&](Ledger& ledger) {
        for (const char* shard : {"s1", "s2", "gone"}) {
          ledger.maintenance[shard] = {site.world.wall_now(), until, "ann@ops1", "memory"};
        }
      });
    }
    return Fate::kServe;
  });
  site.Set({1}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return ordered; }, 10s));
  site.Set({2}, Server::kUp);
  site.Set({3}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADDAAA", 10s));
  site.world.RunFor(10s);
  CHECK(site.Statuses(kName) == "ADDAAA");
  REQUIRE(site.BallotOf(kName, "c1"));
  CHECK(site.BallotOf(kName, "c1")->votes[0].opinion == Opinion::kDead);  // still voting
  CHECK(!site.LedgerOf(kName).maintenance.contains("gone"));
  CHECK(site.Leader().Logged("maintenance.began") == 1);
  CHECK(site.Leader().facts(kName).maintained() == 2);
  CHECK(site.Leader().Logged("maintenance.holds") >= 1);
  site.KillLeader();  // the next one reads it from the ledger
  CHECK(site.Statuses(kName) == "ADDAAA");
  REQUIRE(site.Reaches(kName, "DADAAA", 40s));
  CHECK(site.world.wall_now() >= until);
  CHECK(site.LedgerOf(kName).maintenance.empty());
  CHECK(site.CountEvents(Event::MaintenanceOver::kKind) == 2);  // of the one gone, and of the two
  CHECK(site.Leader().Logged("maintenance.over") == 1);
}

TEST_CASE("maintenance: a shard that moves stays unknown until it ends; one removed leaves it") {
  Site site;
  site.Order([](Ledger& ledger) {
    ledger.maintenance = {{"s1", {Micros(1), Micros(0), "ann", "why"}},
                          {"s2", {Micros(1), Micros(0), "ann", "why"}}};
  });
  ClusterSpec spec = site.spec;
  spec.shards[0].addr = "10.0.0.1:7";
  spec.shards.erase(spec.shards.begin() + 1);
  site.fleet.Set("10.0.0.1:7", Server::kUp);
  site.Update(spec);
  REQUIRE(site.Reaches(kName, "?AAAA", 10s));
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "?AAAA");
  CHECK(site.LedgerOf(kName).maintenance.size() == 1);
  site.Order([](Ledger& ledger) { ledger.maintenance.clear(); });
  CHECK(site.Reaches(kName, "AAAAA", 2s));
}

TEST_CASE("racks: the votes of one rack are not enough") {
  Site site([](ClusterSpec& spec) { spec.min_racks = 2; }, {"r1", "r1", "r2"});
  // No checker of r1 reaches s1.
  site.fleet.SetReach("c1", site.spec.shards[0].addr, FakeFleet::Reach::kDropped);
  site.fleet.SetReach("c2", site.spec.shards[0].addr, FakeFleet::Reach::kDropped);
  site.world.RunFor(30s);
  CHECK(site.Statuses(kName) == "AAAAAA");
  CHECK(site.BallotOf(kName, "c1")->rack == "r1");
  site.Set({1}, Server::kHung);  // now r2 sees it dead too
  REQUIRE(site.Reaches(kName, "DAAAAA", 10s));
  site.fleet.HealAll();
  site.Set({1}, Server::kUp);
  CHECK(site.Reaches(kName, "AAAAAA", 10s));
}

TEST_CASE("forget: the quorum falls at once, and a checker that comes back is learned again") {
  Site site([](ClusterSpec& spec) { spec.checkers.reset(); });
  site.Kill("c3");
  site.world.RunFor(10s);
  site.Kill(site.LeaderOf(kName)->id == "c1" ? "c2" : "c1");
  site.world.RunFor(10s);
  site.Set({1}, Server::kRefused);
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AAAAAA");  // one of three
  const std::string last = site.LeaderOf(kName)->id;
  site.Order([&](Ledger& ledger) { ledger.electorate = {last}; });
  REQUIRE(site.Reaches(kName, "DAAAAA", 2s));
  site.Start("c3");
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).electorate.contains("c3"); }, 10s));
}

}  // namespace hold_test
