// Whole checkers in a simulated world: the first result is not a verdict where there is a status. All
// the ways in which a checker begins to ask a server again, beside a server that is silent for less
// than its threshold, and beside one that is dead.
#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "tests/support/settled_site.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace first_result_test {
namespace {

using Server = FakeFleet::Server;

constexpr const char* kName = kSettledCluster;

// Of one kind: nothing is silent for as long as a threshold (3 s; refused 1 s), and nothing flips.
struct Restart {
  const char* what;
  Server server;    // s2
  Duration silent;  // from the moment in which the checkers begin again
  bool leave;       // in good order; else killed
  bool before;      // s2 is silent before they begin again, too
};

void RestartAll(Settled& site, bool leave) {
  for (const auto& checker : site.checkers) {
    if (leave) checker->Leave();
  }
  if (leave) site.world.RunFor(500ms);
  site.checkers.clear();
}

}  // namespace

TEST_CASE("first result: all checkers restart while a server is silent for a moment") {
  for (const Restart& c :
       {Restart{"killed, hung", Server::kHung, 2500ms, false, true},
        Restart{"killed, hung as they start", Server::kHung, 2500ms, false, false},
        Restart{"killed, refused", Server::kRefused, 500ms, false, true},
        Restart{"killed, loading", Server::kLoading, 2500ms, false, true},
        Restart{"left, hung", Server::kHung, 2500ms, true, true}}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(c.what);
      CAPTURE(seed);
      Settled site({.seed = seed});
      const auto flips = site.CountEvents("flip");
      RestartAll(site, c.leave);
      site.world.RunFor(1s);
      if (c.before) site.Set({2}, c.server);
      site.world.RunFor(1s);
      site.Set({2}, c.server);
      for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
      site.world.RunFor(c.silent);
      site.Set({2}, Server::kUp);
      site.world.RunFor(20s);
      CHECK(site.Statuses(kName) == "AAAA");
      CHECK(site.CountEvents("flip") == flips);
    }
  }
}

TEST_CASE("first result: checkers and a server stop together, and the server wakes later") {
  for (const Duration stopped : std::vector<Duration>{700ms, 2500ms, 3400ms, 8s}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(stopped.count());
      CAPTURE(seed);
      Settled site({.seed = seed});
      site.world.RunFor(137ms * static_cast<int>(seed));
      const auto flips = site.CountEvents("flip");
      for (const auto& checker : site.checkers) checker->loop().Pause(stopped);
      site.Set({2}, Server::kHung);
      site.world.RunFor(stopped + 1s);
      site.Set({2}, Server::kUp);
      site.world.RunFor(20s);
      CHECK(site.Statuses(kName) == "AAAA");
      CHECK(site.CountEvents("flip") == flips);
    }
  }
}

TEST_CASE(
    "first result: a server that is dead when all checkers begin again is dead a threshold later") {
  for (const bool stopped : {false, true}) {
    CAPTURE(stopped);
    Settled site;
    if (stopped) {
      for (const auto& checker : site.checkers) checker->loop().Pause(8s);
      site.world.RunFor(1s);
      site.Set({2}, Server::kHung);
      site.Set({3}, Server::kRefused);
      site.world.RunFor(7s);
    } else {
      RestartAll(site, false);
      site.Set({2}, Server::kHung);
      site.Set({3}, Server::kRefused);
      site.world.RunFor(11s);
      for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
    }
    site.world.RunFor(900ms);
    CHECK(site.Statuses(kName) == "AAAA");
    CHECK(site.Reaches(kName, "AADA", 2s));
    CHECK(site.Statuses(kName)[1] == 'A');
    CHECK(site.Reaches(kName, "ADDA", 3s));
    CHECK(site.StateOf(kName, 1).reason == Reason::kTimeout);
    CHECK(site.StateOf(kName, 2).reason == Reason::kRefused);
  }
}

TEST_CASE("first result: a shard without a status is decided by the first probe") {
  Settled site;
  // New, and moved to another address: both are servers that nobody has asked before.
  site.spec.shards.push_back({"s5", "10.0.0.1:5"});
  site.spec.shards[1].addr = "10.0.0.1:6";
  site.fleet.Set("10.0.0.1:5", Server::kHung);
  site.fleet.Set("10.0.0.1:6", Server::kRefused);
  site.Update(site.spec);
  CHECK(site.Reaches(kName, "ADAAD", 1500ms));
}

TEST_CASE(
    "first result: a vote by it is forgotten where others have decided that the shard lives") {
  Settled site;
  site.fleet.Set("10.0.0.1:5", Server::kUp);
  site.fleet.SetReach("c1", "10.0.0.1:5", FakeFleet::Reach::kDropped);
  site.spec.shards.push_back({"s5", "10.0.0.1:5"});
  site.Update(site.spec);
  REQUIRE(site.Reaches(kName, "AAAAA", 2s));
  // c1 has had no answer for a second or so; with c2 it would be a quorum of the dead.
  site.fleet.SetReach("c2", "10.0.0.1:5", FakeFleet::Reach::kRejected);
  site.world.RunFor(1s);
  CHECK(site.Statuses(kName) == "AAAAA");
  CHECK(site.BallotOf(kName, "c1")->votes[4] == Vote{Opinion::kUnknown, Reason::kTimeout, true});
  CHECK(site.Reaches(kName, "AAAAD", 4s));
}

TEST_CASE("first result: new times, a new question and a reload make no death of a short silence") {
  for (const char* what : {"times", "rare times before", "question"}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(what);
      CAPTURE(seed);
      Settled site({.seed = seed});
      HealthSettings rare;
      rare.interval = rare.threshold = 60s;
      rare.timeout = 500ms;
      const bool was_rare = std::string_view(what) == "rare times before";
      for (const auto& checker : site.checkers) {
        if (was_rare) checker->Reload({}, rare);
      }
      site.world.RunFor(45s);
      const auto flips = site.CountEvents("flip");
      site.Set({2}, Server::kHung);
      for (const auto& checker : site.checkers) {
        HealthSettings dense;
        if (std::string_view(what) == "times") dense.interval = 500ms;
        RedisCredentials credentials;
        if (std::string_view(what) == "question") credentials.password = "new";
        checker->Reload({}, dense, credentials);
      }
      site.world.RunFor(1700ms);
      site.Set({2}, Server::kUp);
      site.world.RunFor(10s);
      CHECK(site.Statuses(kName) == "AAAA");
      CHECK(site.CountEvents("flip") == flips);
    }
  }
}

}  // namespace first_result_test
