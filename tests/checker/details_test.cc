// What checkers tell of a cluster: the summary line, the sum of a storm, details,
// and events for the hook.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "checker/cluster/storm_brake.h"
#include "tests/support/settled_site.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

std::string Last(const SimChecker& checker, const std::string& event) {
  const std::string needle = "event=" + event + " ";
  const auto& log = checker.log();
  const auto found = std::find_if(log.rbegin(), log.rend(), [&](const std::string& line) {
    return line.find(needle) != std::string::npos;
  });
  return found == log.rend() ? "" : *found;
}

bool Has(const std::string& line, const std::string& field) {
  return (line + " ").find(" " + field + " ") != std::string::npos;
}

std::size_t Count(const std::deque<Event>& events, std::string_view kind) {
  return static_cast<std::size_t>(std::count_if(
      events.begin(), events.end(), [&](const Event& e) { return EventKindName(e) == kind; }));
}

}  // namespace

TEST_CASE("summary: a line a minute, with what happened in that minute alone") {
  Settled site;
  const std::string leader = site.LeaderOf(kName)->id;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 3s));
  site.world.RunFor(60s);
  CHECK(site.At(leader).Logged("summary") == 1);
  const std::string told = Last(site.At(leader), "summary");
  for (const std::string& field : std::vector<std::string>{"cluster=" + std::string(kName),
                                                           "shards=4",
                                                           "alive=3",
                                                           "dead=1",
                                                           "unknown=0",
                                                           "not_probed=0",
                                                           "published=true",
                                                           "role=leader",
                                                           "leader=" + leader,
                                                           "flips_to_dead=1",
                                                           "status_alive=3",
                                                           "status_dead=1",
                                                           "no_quorum=0",
                                                           "quorum=2",
                                                           "electorate=3",
                                                           "ballots=3",
                                                           "votes_missing=0",
                                                           "no_ballot_from=\"\"",
                                                           "frozen=false",
                                                           "hold=none"}) {
    CHECK_MESSAGE(Has(told, field), field << " is not in " << told);
  }
  CHECK(told.find(" failed_by=refused:") != std::string::npos);
  CHECK_FALSE(Has(told, "p99_us=0"));

  site.fleet.Set("10.0.0.1:2", Server::kUp);
  const std::string follower = site.Follower().id();
  site.Kill(follower);
  site.world.RunFor(121s);
  const std::string next = Last(site.At(leader), "summary");
  for (const std::string& field : std::vector<std::string>{
           "alive=4", "failures=0", "failed_by=none", "flips_to_dead=0", "flips_to_alive=0",
           "ballots=2", "votes_missing=1", "no_ballot_from=" + follower}) {
    CHECK_MESSAGE(Has(next, field), field << " is not in " << next);
  }
  CHECK(site.At(leader).details(kName).flips_to_alive >= 1);
}

TEST_CASE("summary: a follower tells who leads, and not what only a leader knows") {
  Settled site;
  const std::string first = site.LeaderOf(kName)->id;
  site.world.RunFor(61s);
  const std::string told = Last(site.Follower(), "summary");
  CHECK(Has(told, "role=follower"));
  CHECK(Has(told, "leader=" + first));
  CHECK(told.find(" quorum=") == std::string::npos);
  site.Kill(first);
  site.world.RunFor(120s);
  const std::string second = site.LeaderOf(kName)->id;
  REQUIRE(second != first);
  for (const auto& checker : site.checkers) {
    CHECK(checker->details(kName).leader == second);
    CHECK(checker->details(kName).leading == (checker->id() == second));
    CHECK(checker->details(kName).epoch == site.LeaderOf(kName)->epoch);
  }
}

TEST_CASE("summary: without ZooKeeper it goes on, and says that nothing is published") {
  Settled site;
  site.ensemble.Down();
  site.world.RunFor(61s);
  const std::string told = Last(site.At("c1"), "summary");
  CHECK(Has(told, "role=away"));
  CHECK(Has(told, "published=false"));
  CHECK(Has(told, "alive=4"));
}

TEST_CASE("a storm: the first lines, then a sum; all lines for whoever debugs") {
  Settled site({.shards = 300, .checkers = 1});
  const auto& checker = site.At("c1");
  for (const auto& shard : site.spec.shards) site.fleet.Set(shard.addr, Server::kRefused);
  REQUIRE(site.Reaches(kName, std::string(300, 'D'), 10s));
  site.world.RunFor(StormBrake::kWindow);
  CHECK(checker.Logged("opinion.dead") == 300);
  const auto loud = std::count_if(checker.log().begin(), checker.log().end(), [](const auto& line) {
    return line.starts_with("level=info event=opinion.dead ");
  });
  CHECK(loud == 50);
  CHECK(checker.Logged("storm") == 1);
  const std::string told = Last(checker, "storm");
  CHECK(Has(told, "dead=250"));
  CHECK(Has(told, "alive=0"));
  CHECK(Has(told, "logged=50"));
  // It is over: the next death is told again.
  site.Set({1}, Server::kUp);
  REQUIRE(site.Reaches(kName, "A" + std::string(299, 'D'), 60s));
  CHECK(Last(checker, "opinion.alive").starts_with("level=info "));
}

TEST_CASE("storm brake: so many lines in a window that begins with the first") {
  StormBrake brake;
  const TimePoint start{};
  for (std::size_t i = 0; i < StormBrake::kLines; ++i) CHECK(brake.Admit(start + 1s));
  CHECK_FALSE(brake.Admit(start + 1s));
  CHECK_FALSE(brake.Admit(start + 10s));
  CHECK(brake.Left(start + 10s) == 1s);
  CHECK(brake.Admit(start + 11s));
}

TEST_CASE("details: opinions, ballot, count and status, and shards by name up to a limit") {
  Settled site({.shards = 150, .checkers = 1});
  const auto& checker = site.At("c1");
  for (const auto& shard : site.spec.shards) site.fleet.Set(shard.addr, Server::kRefused);
  REQUIRE(site.Reaches(kName, std::string(150, 'D'), 10s));
  site.world.RunFor(5s);
  const ClusterDetails details = checker.details(kName);
  CHECK(details.spec_version == site.HeadOf(kName)->spec.version);
  CHECK(details.shards() == 150);
  CHECK(details.opinion(Opinion::kDead) == 150);
  CHECK(details.dead.size() == kMaxShardsListed);
  CHECK(details.dead[0] == ListedShard{"s1", "10.0.0.1:1", Reason::kRefused, Micros(0)});
  CHECK(details.ballot_published);
  CHECK(details.ballot_age > 4s);
  CHECK(details.ballot_age < 10s);
  CHECK(details.flips_to_dead == 150);
  REQUIRE(details.led);
  CHECK(details.led->quorum == 1);
  CHECK(details.led->voters == std::map<std::string, bool>{{"c1", true}});
  CHECK(details.led->outcomes == std::array<std::size_t, 3>{0, 150, 0});
  CHECK(details.led->statuses == std::array<std::size_t, 3>{0, 0, 150});
  REQUIRE(details.led->dead.size() == kMaxShardsListed);
  CHECK(details.led->dead[0].since == site.StateOf(kName, 0).since);
}

TEST_CASE("events: told by the leader alone, as they stand in the journal") {
  Settled site({.change = [](ClusterSpec& spec) { spec.max_dead_fraction = 0.3; }});
  site.world.RunFor(5s);
  const std::string first = site.LeaderOf(kName)->id;
  for (const auto& checker : site.checkers) {
    const bool led = checker->id() == first;
    CHECK(Count(checker->events(), Event::Leader::kKind) == (led ? 1 : 0));
    CHECK((Count(checker->events(), Event::Flips::kKind) > 0) == led);
  }
  for (const auto& shard : site.spec.shards) site.fleet.Set(shard.addr, Server::kRefused);
  site.world.RunFor(10s);
  const auto& events = site.At(first).events();
  CHECK(Count(events, Event::Freeze::kKind) == 1);
  CHECK(events.back().leader == first);
  CHECK(events.back().epoch == site.LeaderOf(kName)->epoch);
  site.Kill(first);
  site.world.RunFor(30s);
  const std::string second = site.LeaderOf(kName)->id;
  CHECK(Count(site.At(second).events(), Event::Leader::kKind) == 1);
}
