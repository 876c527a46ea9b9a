// An operator with a bad network, and an operator's pause. For operators' actions during the faults
// of all families see intervention.h.
#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

// The operator is cut off, and a shard dies.
void OperatorCutOff(Play& play) {
  play.Cut("op", Play::ZooKeepers());
  play.Kill("s1");
  play.OperatorReachesNobody();
  play.Pass(kPastSession);
  play.Mend();
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
}

// Orders and answers are lost and repeated. The scenario reads through the same network: how soon it
// sees a decision depends on how TCP doubles its waits, and says nothing about the checkers. So they
// are judged by the transaction log.
void OperatorLosesPackets(Play& play) {
  play.SeesLate(std::chrono::minutes(2));
  for (const char* const shard : {"s1", "x1"}) play.DecidedWithin(shard, kAfterOutage);
  play.Lose("op", Play::ZooKeepers(), 0.3);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kAfterOutage);
}

// Nothing flips, under any leader, until the pause is over or withdrawn.
void Pause(Play& play) {
  play.Command({"pause", kCluster, "--for", "1h", "--reason", "a network is being moved"});
  play.Kill("s1");
  play.Pass(seconds(3));
  const auto s1_is_alive = [&] {
    const auto statuses = play.site.observer.Statuses();
    return statuses && statuses->at("s1") == ShardStatus::kAlive;
  };
  play.Expect(s1_is_alive(), "nothing flips in a pause");
  const std::string leader = play.Leader();
  play.KillChecker(leader);
  play.Pass(kPastSession);
  play.Expect(play.Leader() != leader, "another checker leads");
  play.Expect(s1_is_alive(), "nothing flips under the next leader");
  play.StartChecker(leader);
  play.Command({"resume", kCluster});
  play.AwaitDead({"s1"}, kSoon);
  play.Command({"pause", kCluster, "--for", "5s", "--reason", "and back again"});
  play.Start("s1");
  play.Pass(seconds(2));
  play.Expect(!s1_is_alive(), "nothing flips in a pause");
  play.OperatorActs();
  play.AwaitAlive({"s1"}, kAfterElection);
}

}  // namespace

std::vector<Scenario> OperatorScenarios() {
  return {
      {.name = "operator_cut_from_zk",
       .must_hold = "the checkers do not mind: s1, killed meanwhile, is dead within 5 s",
       .needs = {Need::kPackets},
       .play = OperatorCutOff},
      {.name = "operator_packet_loss_30",
       .must_hold = "the checkers do not mind: s1 is dead within 15 s, and alive again",
       .needs = {Need::kPackets},
       .play = OperatorLosesPackets},
      {.name = "pause_mid_leader_kill",
       .must_hold =
           "nothing flips while paused, under any leader; within 5 s of `resume` or of its "
           "end the truth is reported",
       .play = Pause},
  };
}

}  // namespace zkcluster::faults
