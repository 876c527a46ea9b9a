// Scenarios of the election: leaders that freeze, crash and leave, ids that are used twice, the end
// of sequence numbers.
#include <limits>

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
  };
}

}  // namespace zkcluster::sim
