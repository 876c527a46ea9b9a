// ZooKeeper servers that die and hang.
#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

void KillAndReturn(Play& play, std::size_t server) {
  play.KillZooKeeper(server);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.StartZooKeeper(server);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kAfterElection);
}

void ZooKeeperLeaderKill(Play& play) {
  KillAndReturn(play, play.ZooKeeperLeader());
}

// The sessions on that server move to another one.
void ZooKeeperFollowerKill(Play& play) {
  KillAndReturn(play, (play.ZooKeeperLeader() + 1) % play.site.ensemble.size());
}

void ZooKeeperLeaderStop(Play& play) {
  const std::size_t server = play.ZooKeeperLeader();
  play.Say("the leading ZooKeeper server is stopped");
  play.site.ensemble.server(server).Pause();
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.Say("it continues");
  play.site.ensemble.server(server).Resume();
  play.Start("s1");
  play.AwaitAlive({"s1"}, kAfterElection);
}

void TwoOfThreeDown(Play& play) {
  const std::size_t leader = play.ZooKeeperLeader();
  const std::size_t other = (leader + 1) % play.site.ensemble.size();
  play.KillZooKeeper(leader);
  play.KillZooKeeper(other);
  play.Kill("s1");
  play.OperatorReachesNobody();
  play.Pass(seconds(6));
  play.StartZooKeeper(leader);
  play.StartZooKeeper(other);
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
}

void AllDown(Play& play) {
  play.Kill("s2");
  play.AwaitDead({"s2"}, kSoon);
  for (std::size_t i = 0; i < play.site.ensemble.size(); ++i) play.KillZooKeeper(i);
  play.Pass(seconds(2));
  const auto tables = [&] {
    return sandbox::ReadFile(play.site.TableFile(0)) + sandbox::ReadFile(play.site.TableFile(1));
  };
  const std::string before = tables();
  play.Kill("s1");
  play.Start("s2");
  play.OperatorReachesNobody();
  play.Pass(seconds(18));
  play.Expect(tables() == before, "the programs keep their tables while ZooKeeper is away");
  for (std::size_t i = 0; i < play.site.ensemble.size(); ++i) play.StartZooKeeper(i);
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.AwaitAlive({"s2"}, kSoon);
}

// One server after the other, as an upgrade does it, while shards die and return.
void RollingRestart(Play& play) {
  for (std::size_t i = 0; i < play.site.ensemble.size(); ++i) {
    const std::string shard = "s" + std::to_string(i + 1);
    play.Say("a ZooKeeper server is restarted");
    play.site.ensemble.server(i).Stop();
    play.Kill(shard);
    play.OperatorActs();
    play.AwaitDead({shard}, kAfterOutage);
    play.StartZooKeeper(i);
    play.Expect(play.site.ensemble.AwaitServing(kAfterOutage), "the ensemble serves again");
    play.Start(shard);
    play.AwaitAlive({shard}, kAfterElection);
  }
}

}  // namespace

std::vector<Scenario> EnsembleScenarios() {
  return {
      {.name = "zk_leader_kill",
       .must_hold = "s1, killed with it, is dead within 15 s",
       .play = ZooKeeperLeaderKill},
      {.name = "zk_follower_kill",
       .must_hold = "s1, killed with it, is dead within 15 s",
       .play = ZooKeeperFollowerKill},
      {.name = "zk_leader_stop",
       .must_hold = "s1, killed meanwhile, is dead within 15 s; requests of the old leader that "
                    "were in flight take no effect",
       .play = ZooKeeperLeaderStop},
      {.name = "zk_two_of_three_down",
       .must_hold = "nothing can flip; s1, dead meanwhile, is dead within 15 s of their return",
       .play = TwoOfThreeDown},
      {.name = "zk_all_down_20s",
       .must_hold = "programs keep their tables; s1, dead meanwhile, and s2, returned meanwhile, "
                    "are reported within 15 s and 20 s",
       .play = AllDown},
      {.name = "zk_rolling_restart",
       .must_hold =
           "with each server away in turn, a death is reported within 15 s, a return within "
           "10 s",
       .play = RollingRestart},
  };
}

}  // namespace zkcluster::faults
