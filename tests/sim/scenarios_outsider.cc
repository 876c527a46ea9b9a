// Scenarios of outsiders: undecodable bytes, and znodes that are removed while they are in use.
#include "tests/sim/scenario.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ScenePlan Learning() {
  ScenePlan plan = PlainScene();
  plan.clusters[0].spec.checkers.reset();
  return plan;
}

void BadBallots(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  for (const char* id : {"c1", "c2", "c3"}) play.scene().Put(paths.vote(id), "not json");
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(4));
}

void BadSpec(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  const auto good = play.scene().ensemble.Get(paths.shards());
  play.scene().Put(paths.shards(), "[{");
  play.KillShard(2);
  // The last good spec stays in force.
  play.AwaitStatus("ADAA", seconds(4));
  play.KillChecker(play.Leader());
  play.Run(seconds(4));
  if (good) play.scene().Put(paths.shards(), good->data);
  play.ReviveShard(2);
  play.AwaitStatus("AAAA", seconds(6));
}

void BadStatus(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  for (const std::string& path : {paths.head(), paths.ledger(), paths.leader(), paths.mirror()}) {
    play.scene().Put(path, "{\"");
    play.Run(milliseconds(700));
    play.KillShard(2);
    play.AwaitStatus("ADAA", seconds(6));
    play.ReviveShard(2);
    play.AwaitStatus("AAAA", seconds(14));
  }
}

void LostLedger(Play& play) {
  play.Begin();
  play.scene().Remove(play.scene().Paths(0).ledger());
  const std::size_t leader = play.Leader();
  const std::size_t follower = play.Follower();
  play.KillChecker(leader);
  play.KillChecker(follower);
  play.KillShard(2);
  play.Throughout("the remaining checker is not the electorate", seconds(6),
                  [&] { return play.scene().StatusesOf(0) == "AAAA"; });
}

void CandidatesTouched(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  for (const auto& node : play.scene().ensemble.Children(paths.election())) {
    play.scene().Put(paths.candidate(node), "touched");
  }
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(8));
  for (const auto& node : play.scene().ensemble.Children(paths.election())) {
    play.scene().Remove(paths.candidate(node));
  }
  play.ReviveShard(2);
  play.AwaitStatus("AAAA", seconds(8));
}

void ParentsRemoved(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  for (const std::string& path : {paths.election(), paths.votes(), paths.events()}) {
    play.scene().Remove(path);
    play.Run(milliseconds(300));
    play.KillShard(2);
    play.AwaitStatus("ADAA", seconds(12));
    play.ReviveShard(2);
    play.AwaitStatus("AAAA", seconds(14));
  }
}

// Found by the swarm: the checker that had held the id stayed registered while it searched for its
// candidate. It took the ballot of the other one, which had registered first, for a ghost of its
// own, and removed it.
void ElectionRemovedUnderTwins(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  play.scene().StartTwin(play.Follower());
  play.Run(milliseconds(500));
  for (int i = 0; i < 5; ++i) {
    play.scene().Remove(paths.quorum());
    play.Run(seconds(1));
  }
  play.Run(seconds(8));
}

void Litter(Play& play) {
  play.Begin();
  const ClusterPaths paths = play.scene().Paths(0);
  for (const std::string& path :
       {paths.vote("stray"), paths.candidate("stray"), paths.chunks() + "/stray",
        paths.go_voters() + "/stray", paths.events() + "/stray",
        std::string(SimSite::kRoot) + "/stray"}) {
    play.scene().Put(path, "{}");
  }
  play.KillChecker(play.Leader());
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(6));
}

}  // namespace

std::vector<Scenario> OutsiderScenarios() {
  return {
      {"bad-ballots", "all ballots become undecodable", PlainScene, BadBallots},
      {"bad-spec", "the list becomes undecodable while a shard and then the leader die", PlainScene,
       BadSpec},
      {"bad-status", "head, ledger, leader and mirror become undecodable, one after the other",
       PlainScene, BadStatus},
      {"lost-ledger", "the ledger is removed, then two of three checkers die", Learning,
       LostLedger},
      {"candidates-touched", "somebody writes into every candidate, then removes them", PlainScene,
       CandidatesTouched},
      {"parents-removed", "candidates, ballots and journal lose their parents", PlainScene,
       ParentsRemoved},
      {"election-removed-under-twins", "quorum/ is removed under two daemons with one id",
       PlainScene, ElectionRemovedUnderTwins},
      {"litter", "foreign znodes everywhere", PlainScene, Litter},
  };
}

}  // namespace zkcluster::sim
