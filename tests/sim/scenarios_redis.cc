// Scenarios of Redis servers and of the routes to them, and of checkers that are slow themselves.
#include "tests/sim/scenario.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Reach = FakeFleet::Reach;
using Server = FakeFleet::Server;

void CutAll(Play& play, std::size_t checker, Reach reach) {
  for (int number = 1; number <= 4; ++number) {
    play.scene().SetReach(play.scene().plan.checkers[checker].id, Play::Shard(number), reach);
  }
}

void CutFromAllRedis(Play& play) {
  play.Begin();
  CutAll(play, play.Leader(), Reach::kDropped);
  play.Throughout("one checker flips nothing", seconds(8),
                  [&] { return play.scene().StatusesOf(0) == "AAAA"; });
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(4));
}

void CutFromOneRedis(Play& play) {
  play.Begin();
  play.scene().SetReach("c1", Play::Shard(1), Reach::kRejected);
  play.scene().SetReach("c2", Play::Shard(1), Reach::kDropped);
  play.AwaitStatus("DAAA", seconds(4));
  play.scene().SetReach("c1", Play::Shard(1), Reach::kOpen);
  play.AwaitStatus("AAAA", seconds(4));
}

void NoRoute(Play& play) {
  play.Begin();
  for (std::size_t i = 0; i < 3; ++i) CutAll(play, i, Reach::kNoRoute);
  play.Throughout("without a route nothing dies", seconds(8),
                  [&] { return play.scene().StatusesOf(0) == "AAAA"; });
  for (std::size_t i = 0; i < 3; ++i) CutAll(play, i, Reach::kOpen);
  play.Run(seconds(2));
}

void Taxonomy(Play& play) {
  play.Begin();
  play.scene().SetServer(Play::Shard(1), Server::kHung);
  play.scene().SetServer(Play::Shard(2), Server::kRefused);
  play.scene().SetServer(Play::Shard(2), Server::kLoading);
  play.scene().SetServer(Play::Shard(3), Server::kUnresolved);
  play.scene().fleet.SetPassword(Play::Shard(4), "secret");
  play.scene().RestartServer(Play::Shard(4));
  play.AwaitStatus("DDAA", seconds(4));
  play.Run(seconds(4));
  play.Check("the others live", play.scene().StatusesOf(0) == "DDAA");
}

void Flapping(Play& play) {
  play.Begin();
  play.scene().FlapServer(Play::Shard(1), milliseconds(900), milliseconds(1600));
  play.Run(seconds(40));
  const auto flips = play.Count("log shard.dead");
  play.Check("it flips, but less and less often: the server dies 16 times",
             flips >= 2 && flips <= 8);
  play.scene().SetServer(Play::Shard(1), Server::kUp);
  play.AwaitStatus("AAAA", seconds(20));
}

ScenePlan WithFreeze() {
  ScenePlan plan = PlainScene();
  plan.clusters[0].spec.max_dead_fraction = 0.5;
  return plan;
}

void MassDeath(Play& play) {
  play.Begin();
  for (int number = 1; number <= 3; ++number) play.KillShard(number);
  play.Run(seconds(4));
  const std::string frozen = play.scene().StatusesOf(0);
  play.Check("no more than half are marked dead",
             std::count(frozen.begin(), frozen.end(), 'D') <= 2);
  play.Check("it is frozen", play.scene().LedgerOf(0).freeze.frozen);
  // The freeze passes to the next leader.
  play.KillChecker(play.Leader());
  play.Run(seconds(5));
  play.Check("it is frozen still", play.scene().LedgerOf(0).freeze.frozen);
  for (int number = 1; number <= 3; ++number) play.ReviveShard(number);
  play.AwaitStatus("AAAA", seconds(8));
  play.Await(
      "the thaw", [&] { return !play.scene().LedgerOf(0).freeze.frozen; }, seconds(2));
}

void SlowLoops(Play& play) {
  play.Begin();
  for (int round = 0; round < 30; ++round) {
    for (std::size_t i = 0; i < 3; ++i) {
      play.PauseChecker(i, milliseconds(120 + 190 * ((round + static_cast<int>(i)) % 4)));
    }
    play.Run(milliseconds(600));
  }
  play.Check("slow checkers cause no death", play.Count("log shard.dead") == 0);
}

void WallClockJumps(Play& play) {
  play.Begin();
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(2));
  const Micros dead = play.StateOf(0).since;
  for (std::size_t i = 0; i < 3; ++i) {
    if (SimChecker* const checker = play.scene().Checker(i)) {
      checker->loop().SetWallOffset(-std::chrono::hours(24));
    }
  }
  play.ReviveShard(1);
  play.AwaitStatus("AAAA", seconds(4));
  play.Check("Since grows all the same", play.StateOf(0).since > dead);
  for (std::size_t i = 0; i < 3; ++i) {
    if (SimChecker* const checker = play.scene().Checker(i)) {
      checker->loop().SetWallOffset(std::chrono::hours(24));
    }
  }
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(2));
}

void BusyVoters(Play& play) {
  play.Begin();
  play.AtNextCommits(3, [&play](const Arrival&) {
    const ClusterPaths paths = play.scene().Paths(0);
    const auto ballot = play.scene().ensemble.Get(paths.vote("c1"));
    if (ballot) play.scene().Put(paths.vote("c1"), ballot->data);
  });
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(4));
  play.Check("two refusals by votes", play.Count("refused by vote") == 2);
  play.Check("then one commit without their checks",
             play.scene().judge().counters().commits_unchecked >= 1);
}

ScenePlan WithNames() {
  ScenePlan plan = PlainScene();
  plan.named = true;
  return plan;
}

void NameGone(Play& play) {
  play.Begin();
  SceneNames& names = play.scene().names;
  names.SetListed(Play::Shard(1), false);
  play.Throughout("no shard dies of that", seconds(8),
                  [&] { return play.scene().StatusesOf(0) == "AAAA"; });
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(4));
  names.SetListed(Play::Shard(1), true);
  names.TakeAway(FakeNames::Manners::kSilent);
  play.Run(seconds(8));
  play.ReviveShard(2);
  play.AwaitStatus("AAAA", seconds(4));
  play.scene().SetServer(Play::Shard(3), Server::kHung);
  play.AwaitStatus("AADA", seconds(4));
}

void NameMoves(Play& play) {
  play.Begin();
  play.scene().MoveName(Play::Shard(1), seconds(0));
  play.Run(seconds(7));
  // The old servers continue: a checker that still asks them sees them alive.
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(4));
  play.scene().MoveName(Play::Shard(1), seconds(0));
  play.ReviveShard(1);
  play.AwaitStatus("AAAA", seconds(12));
}

void BadNameServer(Play& play) {
  using Manners = FakeNames::Manners;
  play.Begin();
  SceneNames& names = play.scene().names;
  for (const auto manners : {Manners::kSilent, Manners::kRefuses, Manners::kDeniesAll,
                             Manners::kOnlyV6, Manners::kOnlyPlain, Manners::kLies}) {
    for (std::size_t server = 0; server < names.servers(); ++server) {
      names.Disturb(server, manners);
      play.KillChecker(2);
      play.Run(seconds(1));
      play.StartChecker(2);  // it knows no address
      play.Throughout("no shard dies of that", seconds(6),
                      [&] { return play.scene().StatusesOf(0) == "AAAA"; });
    }
  }
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(4));
}

}  // namespace

std::vector<Scenario> RedisScenarios() {
  return {
      {"cut-from-all-redis", "the leader is cut from all Redis servers, nobody else is", PlainScene,
       CutFromAllRedis},
      {"cut-from-one-redis", "two of three checkers do not reach a shard", PlainScene,
       CutFromOneRedis},
      {"no-route", "no checker has a route: nothing dies", PlainScene, NoRoute},
      {"redis-taxonomy", "hung, loading, unresolved, locked: two are dead", PlainScene, Taxonomy},
      {"redis-flaps", "a shard flaps for 40 s", PlainScene, Flapping},
      {"mass-death", "three of four shards die: a freeze, a new leader, and its end", WithFreeze,
       MassDeath},
      {"slow-loops", "all checkers stall for a moment, again and again", PlainScene, SlowLoops},
      {"wall-clock-jumps", "wall clocks a day back, and a day ahead, between flips", PlainScene,
       WallClockJumps},
      {"busy-voters", "a ballot changes before each commit: the third one omits the checks",
       PlainScene, BusyVoters},
      {"name-gone", "names are gone, then all name servers: shards live and die as before",
       WithNames, NameGone},
      {"name-moves", "a name moves while the old servers answer: followed, and judged there",
       WithNames, NameMoves},
      {"bad-name-server", "one of two name servers is bad, in each way and place", WithNames,
       BadNameServer},
  };
}

}  // namespace zkcluster::sim
