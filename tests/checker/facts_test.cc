// What checkers report of a cluster: the summary line, the sum of a storm, the facts, and events
// for the hook.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "checker/cluster/storm_brake.h"
#include "tests/support/settled_site.h"

namespace facts_test {

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

TEST_CASE("summary: a line a minute, with what happened in that minute only") {
  Settled site;
  const std::string leader = site.LeaderOf(kName)->id;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 3s));
  site.world.RunFor(60s);
  CHECK(site.At(leader).Logged("summary") == 1);
  const std::string line = Last(site.At(leader), "summary");
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
    CHECK_MESSAGE(Has(line, field), field << " is not in " << line);
  }
  CHECK(line.find(" failed_by=refused:") != std::string::npos);
  CHECK_FALSE(Has(line, "p99_us=0"));

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
  CHECK(site.At(leader).facts(kName).flips[ShardStatus::kAlive] >= 1);
}

TEST_CASE("summary: a follower's line names the leader, and has nothing that only a leader knows") {
  Settled site;
  const std::string first = site.LeaderOf(kName)->id;
  site.world.RunFor(61s);
  const std::string line = Last(site.Follower(), "summary");
  CHECK(Has(line, "role=follower"));
  CHECK(Has(line, "leader=" + first));
  CHECK(line.find(" quorum=") == std::string::npos);
  site.Kill(first);
  site.world.RunFor(120s);
  const std::string second = site.LeaderOf(kName)->id;
  REQUIRE(second != first);
  for (const auto& checker : site.checkers) {
    CHECK(checker->facts(kName).leader == second);
    CHECK(checker->facts(kName).leading == (checker->id() == second));
    CHECK(checker->facts(kName).epoch == site.LeaderOf(kName)->epoch);
  }
}

TEST_CASE("summary: without ZooKeeper it goes on, and says that nothing is published") {
  Settled site;
  site.ensemble.Down();
  site.world.RunFor(61s);
  const std::string line = Last(site.At("c1"), "summary");
  CHECK(Has(line, "role=away"));
  CHECK(Has(line, "published=false"));
  CHECK(Has(line, "alive=4"));
}

TEST_CASE("a storm: the first lines, then a sum; all lines at the debug level") {
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
  const std::string line = Last(checker, "storm");
  CHECK(Has(line, "dead=250"));
  CHECK(Has(line, "alive=0"));
  CHECK(Has(line, "logged=50"));
  // The storm is over: the next death is logged again.
  site.Set({1}, Server::kUp);
  REQUIRE(site.Reaches(kName, "A" + std::string(299, 'D'), 60s));
  CHECK(Last(checker, "opinion.alive").starts_with("level=info "));
}

TEST_CASE("storm brake: a limited number of lines in a window that begins with the first") {
  StormBrake brake;
  const TimePoint start{};
  for (std::size_t i = 0; i < StormBrake::kLines; ++i) CHECK(brake.Admit(start + 1s));
  CHECK_FALSE(brake.Admit(start + 1s));
  CHECK_FALSE(brake.Admit(start + 10s));
  CHECK(brake.Left(start + 10s) == 1s);
  CHECK(brake.Admit(start + 11s));
}

TEST_CASE("facts: opinions, ballot, count and status, and shards by name up to a limit") {
  Settled site({.shards = 150, .checkers = 1});
  const auto& checker = site.At("c1");
  for (const auto& shard : site.spec.shards) site.fleet.Set(shard.addr, Server::kRefused);
  REQUIRE(site.Reaches(kName, std::string(150, 'D'), 10s));
  site.world.RunFor(5s);
  const ClusterFacts facts = checker.facts(kName);
  CHECK(facts.spec_version == site.HeadOf(kName)->spec.version);
  CHECK(facts.shards == 150);
  CHECK(facts.opinions[Opinion::kDead] == 150);
  CHECK(facts.dead.size() == kMaxShardsListed);
  CHECK(facts.dead[0] == ListedShard{"s1", "10.0.0.1:1", Reason::kRefused, Micros(0)});
  CHECK(facts.ballot_published);
  CHECK(facts.ballot_age > 4s);
  CHECK(facts.ballot_age < 10s);
  CHECK(facts.flips[ShardStatus::kDead] == 150);
  REQUIRE(facts.led);
  CHECK(facts.led->quorum == 1);
  CHECK(facts.led->voters == std::map<std::string, bool>{{"c1", true}});
  CHECK(facts.led->status_read);
  CHECK(facts.led->outcomes == EnumArray<Outcome, std::size_t>{{Outcome::kDead, 150}});
  CHECK(facts.led->statuses == EnumArray<ShardStatus, std::size_t>{{ShardStatus::kDead, 150}});
  REQUIRE(facts.led->dead.size() == kMaxShardsListed);
  CHECK(facts.led->dead[0].since == site.StateOf(kName, 0).since);
}

TEST_CASE("facts: counts agree with a recount while servers die, return, come and go") {
  Settled site({.shards = 20, .checkers = 3});
  std::mt19937 random(20261130);
  for (int round = 0; round < 12; ++round) {
    for (int n = 0; n < 4; ++n) {
      const auto& shard = site.spec.shards[random() % site.spec.shards.size()];
      const Server state = random() % 2 == 0 ? Server::kUp : Server::kRefused;
      site.fleet.Set(shard.addr, state);
    }
    if (round % 4 == 3) {
      site.spec.shards.erase(site.spec.shards.begin() + static_cast<long>(random() % 5));
      const std::string port = std::to_string(100 + round);
      site.spec.shards.push_back({"new" + port, "10.0.0.1:" + port});
      site.fleet.Set(site.spec.shards.back().addr, Server::kUp);
      site.Update(site.spec);
    }
    site.world.RunFor(40s);
    const std::string statuses = site.Statuses(kName);
    for (const auto& checker : site.checkers) {
      const auto ballot = site.BallotOf(kName, checker->id());
      REQUIRE(ballot);
      const ClusterFacts facts = checker->facts(kName);
      CHECK(facts.shards == site.spec.shards.size());
      CHECK(facts.servers() == ballot->votes.size());
      CHECK(facts.opinions == CountOpinions(ballot->votes));
      CHECK(facts.dead.size() == facts.opinions[Opinion::kDead]);
      CHECK(checker->facts().Dead() == facts.opinions[Opinion::kDead]);
      if (!facts.led) continue;
      const auto count = [&](char letter) {
        return static_cast<std::size_t>(std::count(statuses.begin(), statuses.end(), letter));
      };
      CHECK(facts.led->statuses[ShardStatus::kDead] == count('D'));
      CHECK(facts.led->statuses[ShardStatus::kAlive] == count('A'));
      CHECK(facts.led->dead.size() == count('D'));
    }
  }
}

TEST_CASE("facts: a checker that leaves has no opinions any more, but still its clusters") {
  Settled site;
  SimChecker& checker = site.At("c2");
  CHECK(checker.facts(kName).shards == 4);
  checker.Leave();
  const ClusterFacts facts = checker.facts(kName);
  CHECK(facts.shards == 0);
  CHECK(facts.servers() == 0);
  CHECK_FALSE(facts.ballot_published);
}

TEST_CASE("ballot: one vote a server, shard by shard, in these very bytes") {
  Settled site({.shards = 5, .checkers = 1});
  site.Set({2}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAAA", 10s));
  const auto node = site.ensemble.Get(ClusterPaths(SimSite::kRoot, kName).vote("c1"));
  REQUIRE(node);
  const auto ballot = DecodeBallot(node->data);
  REQUIRE(ballot);
  CHECK(node->data == "{\"Spec\":" + std::to_string(ballot->spec.version) +
                          ",\"ShardsZxid\":" + std::to_string(ballot->spec.shards_zxid) +
                          ",\"Writes\":" + std::to_string(ballot->writes) +
                          ",\"Shards\":5,\"Votes\":\"WQE=\",\"Reasons\":[[\"refused\",1]]}");
}

TEST_CASE("events: reported only by the leader, as the journal has them") {
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

}  // namespace facts_test
