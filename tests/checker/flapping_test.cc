// Whole checkers in a simulated world, beside a server that hangs and is well in turn.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/settled_site.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace flapping_test {
namespace {

using Server = FakeFleet::Server;

constexpr const char* kName = kSettledCluster;

// s1 hangs for `hung`, is well for `well`, and so on, until `time` has passed.
void Flap(Settled& site, Duration hung, Duration well, Duration time) {
  const TimePoint end = site.world.now() + time;
  while (site.world.now() < end) {
    site.Set({1}, Server::kHung);
    site.world.RunFor(hung);
    site.Set({1}, Server::kUp);
    site.world.RunFor(well);
  }
}

// Each checker counts the deaths that it sees itself: all of them see a return before the next death.
void AwaitReturn(Settled& site) {
  REQUIRE(site.Reaches(kName, "AAAA", 10s));
  site.world.RunFor(1s);
}

// It has died twice, is down, and owes this much.
int DieTwice(Settled& site) {
  for (int death = 0; death < 2; ++death) {
    site.Set({1}, Server::kRefused);
    REQUIRE(site.Reaches(kName, "DAAA", 5s));
    if (death == 1) break;
    site.Set({1}, Server::kUp);
    AwaitReturn(site);
  }
  site.world.RunFor(1s);
  return site.LedgerOf(kName).penalties.at("s1").required;
}

// From now on it is well: it returns, and not before it has shown all good probes that it owes.
void CheckReturn(Settled& site, int owed) {
  site.Set({1}, Server::kUp);
  site.world.RunFor((owed - 1) * 850ms);
  CHECK(site.Statuses(kName) == "DAAA");
  AwaitReturn(site);
}

}  // namespace

TEST_CASE("flapping: hung 4 s and well 2.5 s, again and again, is four flips and then dead") {
  struct Case {
    Duration hung;
    Duration well;
  };
  for (const Case& c : {Case{4s, 2500ms}, Case{3800ms, 1300ms}, Case{5s, 2s}}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(c.hung.count());
      CAPTURE(seed);
      Settled site({.seed = seed});
      site.world.RunFor(53ms * static_cast<int>(seed));
      const auto flips = site.CountEvents("flip");
      Flap(site, c.hung, c.well, 60s);
      CHECK(site.CountEvents("flip") - flips <= 4);
      CHECK(site.Statuses(kName) == "DAAA");
      Flap(site, c.hung, c.well, 120s);
      CHECK(site.CountEvents("flip") - flips <= 4);
      CHECK(site.Statuses(kName) == "DAAA");
      const int owed = site.LedgerOf(kName).penalties.at("s1").required;
      site.Set({1}, Server::kHung);
      site.world.RunFor(2s);
      CheckReturn(site, owed);
    }
  }
}

TEST_CASE("flapping: what a shard owes survives a restart, a new leader and other changes") {
  for (const char* what : {"nothing", "restart", "stop", "leader", "spec", "times"}) {
    CAPTURE(what);
    const std::string_view how = what;
    Settled site;
    const int owed = DieTwice(site);
    CHECK(owed == 4);
    if (how == "restart") {
      site.checkers.clear();
      site.world.RunFor(11s);
      for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
      site.world.RunFor(2s);
    } else if (how == "stop") {
      for (const auto& checker : site.checkers) checker->loop().Pause(20s);
      site.world.RunFor(21s);
    } else if (how == "leader") {
      site.KillLeader();
    } else if (how == "spec") {
      site.spec.shards.erase(site.spec.shards.begin() + 1);
      site.spec.shards.push_back({"s9", "10.0.0.1:2"});
      site.Update(site.spec);
      site.world.RunFor(2s);
    } else if (how == "times") {
      site.spec.probe.threshold = 2500ms;
      site.Update(site.spec);
      site.world.RunFor(2s);
    }
    CheckReturn(site, owed);
    // The next death goes on from there.
    site.Set({1}, Server::kRefused);
    REQUIRE(site.Reaches(kName, "DAAA", 5s));
    CHECK(site.LedgerOf(kName).penalties.at("s1").required == 8);
    CHECK(site.LedgerOf(kName).penalties.at("s1").deaths == 3);
    site.world.RunFor(2s);
    CheckReturn(site, 8);
  }
}

TEST_CASE("flapping: a restart forgives nothing of a shard that lives") {
  Settled site;
  CheckReturn(site, DieTwice(site));
  site.checkers.clear();
  site.world.RunFor(11s);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  site.world.RunFor(5s);
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 5s));
  site.world.RunFor(2s);
  CheckReturn(site, 8);
}

TEST_CASE("flapping: a ballot says how far the server is on its way back, and then no more") {
  Settled site;
  REQUIRE(DieTwice(site) == 4);
  site.Set({1}, Server::kUp);
  int most = 0;
  while (site.Statuses(kName) == "DAAA") {
    site.world.RunFor(100ms);
    const auto ballot = site.BallotOf(kName, "c1");
    REQUIRE(ballot);
    if (ballot->returning.empty()) continue;
    CHECK(ballot->returning[0].server == 0);
    CHECK(ballot->returning[0].required == 4);
    CHECK(ballot->returning[0].good >= most);
    most = ballot->returning[0].good;
  }
  CHECK(most >= 2);
  CHECK(most <= 3);
  site.world.RunFor(3s);
  for (const char* id : {"c1", "c2", "c3"}) CHECK(site.BallotOf(kName, id)->returning.empty());
  const auto zxid = site.ensemble.zxid();
  site.world.RunFor(5min);
  CHECK(site.ensemble.zxid() == zxid);
}

TEST_CASE("flapping: time alive forgives it") {
  Settled site;
  CheckReturn(site, DieTwice(site));
  REQUIRE(site.Leader().facts(kName).led);
  CHECK(site.Leader().facts(kName).led->flapping == std::vector<FlappingShard>{{"s1", 2, 4}});
  site.world.RunFor(61s);  // twice 10 x threshold
  CHECK(site.Leader().facts(kName).led->flapping.empty());
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 5s));
  CHECK(site.LedgerOf(kName).penalties.at("s1").required == 2);
}

}  // namespace flapping_test
