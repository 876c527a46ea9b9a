// Scenarios of the election: leaders that freeze, crash and leave, ids that are used twice, the end
// of sequence numbers.
#include <algorithm>
#include <limits>

#include "checker/rules/standing.h"
#include "tests/sim/scenario.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void LeaderFrozen(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  const std::int64_t epoch = play.Epoch();
  play.PauseChecker(leader, seconds(6));
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(5));
  play.Check("another one leads", play.Leader() != leader);
  play.Check("one more epoch", play.Epoch() == epoch + 1);
  play.Run(seconds(6));
  play.Check("the old leader follows", play.Leader() != leader && play.Epoch() == epoch + 1);
}

void LeaderFrozenAtCommit(Play& play) {
  play.Begin();
  const std::int64_t epoch = play.Epoch();
  play.AtNextCommits(1, [&play](const Arrival& arrival) {
    if (const Life* const life = play.scene().LifeOf(arrival.process)) {
      play.scene().Pause(life->number, seconds(5));
    }
  });
  play.KillShard(1);
  // If a ballot came in between, that commit is refused, and the next leader decides.
  play.AwaitStatus("DAAA", seconds(8));
  play.Await(
      "another epoch", [&] { return play.Epoch() > epoch; }, seconds(5));
  const Micros since = play.StateOf(0).since;
  play.Run(seconds(6));
  play.Check("no leader decided it again", play.StateOf(0).since == since);
}

void LeaderKilledAtCommit(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  play.AtNextCommits(1, [&play](const Arrival& arrival) {
    if (const Life* const life = play.scene().LifeOf(arrival.process)) {
      play.scene().KillLife(life->number);
    }
  });
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(6));
  play.Await(
      "another leader", [&] { return play.Leader() != leader; }, seconds(5));
  play.StartChecker(leader);
  play.ReviveShard(1);
  play.AwaitStatus("AAAA", seconds(6));
}

void GhostOfOwnLife(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  const std::int64_t epoch = play.Epoch();
  play.KillChecker(leader);
  play.Run(milliseconds(100));
  play.StartChecker(leader);
  play.Run(milliseconds(200));
  play.Check("it waits for its ghost", play.Epoch() == epoch);
  play.Await(
      "another epoch", [&] { return play.Epoch() > epoch; }, seconds(4));
  play.Run(seconds(4));
  play.Check("its id is not refused", play.Count("id refused") == 0);
}

void IdUsedTwice(Play& play) {
  play.Begin();
  const std::int64_t epoch = play.Epoch();
  play.scene().StartTwin(play.Leader());
  play.KillShard(3);
  play.AwaitStatus("AADA", seconds(3));
  play.Await(
      "the second daemon gives up", [&] { return play.Count("id refused") == 1; }, seconds(6));
  play.Check("the first one leads as before", play.Epoch() == epoch);
}

// The twin has held the id since the first daemon was suspended, and still holds it when the first
// one comes back.
void IdTakenOver(Play& play) {
  play.Begin();
  const std::size_t follower = play.Follower();
  play.scene().StartTwin(follower);
  play.Run(milliseconds(500));
  play.KillChecker(follower);
  play.Run(seconds(5));
  play.StartChecker(follower);
  play.KillShard(4);
  play.AwaitStatus("AAAD", seconds(3));
  play.Await(
      "the one that came back gives up", [&] { return play.Count("id refused") == 1; }, seconds(6));
}

void Leave(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  play.scene().LeaveChecker(leader);
  play.Await(
      "another leader at once", [&] { return play.Leader() != leader; }, milliseconds(200));
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(2));
  play.StartChecker(leader);
  play.Run(seconds(1));
}

void AllRestart(Play& play) {
  play.Begin();
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(2));
  for (std::size_t i = 0; i < 3; ++i) play.KillChecker(i);
  play.ReviveShard(2);
  play.Run(seconds(1));
  for (std::size_t i = 0; i < 3; ++i) play.StartChecker(i);
  play.Throughout("nothing is forgotten", seconds(2),
                  [&] { return play.StateOf(0).status == ShardStatus::kAlive; });
  play.AwaitStatus("AAAA", seconds(10));
}

void Rolling(Play& play) {
  play.Begin();
  for (std::size_t i = 0; i < 3; ++i) {
    play.scene().LeaveChecker(i);
    play.Run(milliseconds(700));
    play.StartChecker(i);
    play.Run(milliseconds(1500));
  }
  play.Check("nothing flipped", play.Count("log shard.dead") == 0);
}

// An upgrade and a downgrade, with a leader of either build. A shard dies and
// returns in each mixture.
void RollingFormats(Play& play) {
  play.Begin();
  for (const int format : {2, 1}) {
    for (std::size_t i = 0; i < 3; ++i) {
      play.scene().LeaveChecker(i);
      play.Run(milliseconds(700));
      play.scene().SetFormat(i, format);
      play.StartChecker(i);
      play.Run(milliseconds(1500));
      play.scene().SetServer(Play::Shard(1), FakeFleet::Server::kLoading);
      play.AwaitStatus("DAAA", seconds(4));
      play.ReviveShard(1);
      play.AwaitStatus("AAAA", seconds(60));
    }
    if (format == 2) {
      play.Check("tomorrow's format was written",
                 play.scene().counters.Get("chunk of tomorrow's format") > 0);
    }
  }
  play.Check("no row was lost", play.Count("log status.undecodable") == 0);
  play.Check("no ballot was lost", play.Count("log ballot.undecodable") == 0);
}

ScenePlan NearWrap() {
  ScenePlan plan = PlainScene();
  plan.clusters[0].first_sequence = std::numeric_limits<std::int32_t>::max() - 3;
  return plan;
}

void SequenceNearWrap(Play& play) {
  play.Begin();
  for (int i = 0; i < 6; ++i) {
    const std::size_t leader = play.Leader();
    const std::int64_t epoch = play.Epoch();
    play.KillChecker(leader);
    play.Await(
        "another epoch", [&] { return play.Epoch() > epoch; }, seconds(6));
    play.StartChecker(leader);
    play.Run(seconds(1));
  }
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(3));
}

void SplitInTwo(Play& play) {
  play.Begin();
  // Only the leader is cut from ZooKeeper. It does not matter what it believes.
  const std::size_t leader = play.Leader();
  play.WithClient(leader, [&](zk::Client& client) { play.scene().ensemble.Disconnect(client); });
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(6));
  play.Check("another one leads", play.Leader() != leader);
  play.WithClient(leader, [&](zk::Client& client) { play.scene().ensemble.Reconnect(client); });
  play.Run(seconds(4));
  play.ReviveShard(2);
  play.AwaitStatus("AAAA", seconds(4));
}

// Sessions that outlive everything that is awaited: only a shadow can act.
ScenePlan LongSessions(std::size_t checkers) {
  ScenePlan plan = PlainScene();
  while (plan.checkers.size() < checkers) {
    const std::string number = std::to_string(plan.checkers.size() + 1);
    plan.checkers.push_back({"c" + number, "r" + number, kLongestSession});
  }
  for (CheckerPlan& checker : plan.checkers) checker.session_timeout = kLongestSession;
  plan.clusters[0].spec.checkers = static_cast<int>(checkers);
  return plan;
}
ScenePlan ThreeLong() {
  return LongSessions(3);
}
ScenePlan FiveLong() {
  return LongSessions(5);
}

// A probe begins, the refused threshold, the patience, a take-over.
constexpr Duration kByShadow = milliseconds(550 + 700 + 500 + 300);

void LeaderAndShardDie(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  play.KillChecker(leader);
  play.KillShard(2);
  play.AwaitStatus("ADAA", kByShadow);
  play.Check("its shadow leads", play.Leader() != leader);
  play.StartChecker(leader);
  play.ReviveShard(2);
  play.AwaitStatus("AAAA", seconds(6));
}

void LeaderAndNextDie(Play& play) {
  play.Begin();
  const std::string election = play.scene().Paths(0).election();
  const auto line = SortCandidates(play.scene().ensemble.Children(election));
  for (std::size_t n = 0; n < std::min<std::size_t>(line.size(), 2); ++n) {
    for (std::size_t i = 0; i < play.scene().plan.checkers.size(); ++i) {
      if (play.scene().plan.checkers[i].id == line[n].name.id) play.KillChecker(i);
    }
  }
  play.KillShard(3);
  play.AwaitStatus("AADA", kByShadow + milliseconds(500));
}

void LeaderHeardLate(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  play.WithClient(
      leader, [&](zk::Client& client) { play.scene().ensemble.SetSendDelay(client, seconds(3)); });
  play.KillShard(1);
  play.AwaitStatus("DAAA", kByShadow);
  play.Check("its shadow leads", play.Leader() != leader);
  play.WithClient(leader, [&](zk::Client& client) {
    play.scene().ensemble.SetSendDelay(client, Duration::zero());
  });
  play.Run(seconds(8));
  play.ReviveShard(1);
  play.AwaitStatus("AAAA", seconds(4));
}

// A patience of 500 ms is short beside this; what tells is that a sync takes as long.
void EnsembleSlow(Play& play) {
  play.Begin();
  const auto before = play.scene().judge().counters().depositions;
  play.scene().ensemble.SetSlow(milliseconds(1500));
  for (int shard = 1; shard <= 4; ++shard) {
    play.KillShard(shard);
    play.Run(seconds(6));
  }
  play.AwaitStatus("DDDD", seconds(10));
  play.Check("at most two leaders were deposed",
             play.scene().judge().counters().depositions <= before + 2);
  play.scene().ensemble.SetSlow(Duration::zero());
}

}  // namespace

std::vector<Scenario> ElectionScenarios() {
  return {
      {"leader-frozen", "leader frozen past its session while a shard dies", PlainScene,
       LeaderFrozen},
      {"leader-frozen-at-commit", "leader frozen between a commit and its answer", PlainScene,
       LeaderFrozenAtCommit},
      {"leader-killed-at-commit", "leader killed as its commit arrives", PlainScene,
       LeaderKilledAtCommit},
      {"ghost-of-own-life", "leader killed, and back before its session has ended", PlainScene,
       GhostOfOwnLife},
      {"id-used-twice", "a second daemon with the id of the leader", PlainScene, IdUsedTwice},
      {"id-taken-over", "the first of two daemons with one id dies, and comes back as the second",
       PlainScene, IdTakenOver},
      {"clean-leave", "leader stopped in good order", PlainScene, Leave},
      {"all-restart", "all checkers killed at once while a shard is dead", PlainScene, AllRestart},
      {"rolling-restart", "one checker after the other leaves and comes back", PlainScene, Rolling},
      {"rolling-formats", "upgraded to a newer format and back, one checker after the other",
       PlainScene, RollingFormats},
      {"sequence-near-wrap", "candidates at the end of sequence numbers", NearWrap,
       SequenceNearWrap},
      {"leader-cut-from-zookeeper", "the only one cut from ZooKeeper is the leader", PlainScene,
       SplitInTwo},
      {"leader-and-shard-die", "leader and shard die together, and no session ends meanwhile",
       ThreeLong, LeaderAndShardDie},
      {"leader-and-next-die", "leader, next in line and shard die together", FiveLong,
       LeaderAndNextDie},
      {"leader-heard-late", "what the leader sends comes three seconds late", ThreeLong,
       LeaderHeardLate},
      {"ensemble-slow", "every write takes a second and a half, and nobody is at fault", ThreeLong,
       EnsembleSlow},
  };
}

}  // namespace zkcluster::sim
