// An operator who changes or deletes a cluster in the middle of a fault.
#include <algorithm>
#include <utility>

#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

using Strike = std::function<void(Play&)>;

void KillLeader(Play& play) {
  play.KillChecker(play.Leader());
}
void KillZooKeeperLeader(Play& play) {
  play.KillZooKeeper(play.ZooKeeperLeader());
}
void StopLeader(Play& play) {
  play.StopChecker(play.Leader());
}
void StopZooKeeperLeader(Play& play) {
  play.Say("the leading ZooKeeper server is stopped");
  play.site.ensemble.server(play.ZooKeeperLeader()).Pause();
}
void CutLeaderOff(Play& play) {
  play.Cut(play.Leader(), Play::ZooKeepers());
}
void DeafenLeader(Play& play) {
  play.Cut(play.Leader(), Play::ZooKeepers(), Way::kFrom);
}
void BlindLeader(Play& play) {
  play.Cut(play.Leader(), Play::Shards());
}
void LosePackets(Play& play) {
  play.Lose(play.Leader(), Play::ZooKeepers(), 0.3);
  play.Lose(play.Leader(), Play::Shards(), 0.3);
}

void KillFollower(Play& play) {
  play.KillChecker(play.Followers().front());
}
void StopFollower(Play& play) {
  play.StopChecker(play.Followers().front());
}
void CutFollowerOff(Play& play) {
  const std::string follower = play.Followers().front();
  play.Cut(follower, Play::ZooKeepers());
  play.Cut(follower, Play::Shards());
}
void KillZooKeeperFollower(Play& play) {
  play.KillZooKeeper((play.ZooKeeperLeader() + 1) % 3);
}
void DelayLeader(Play& play) {
  play.Delay(play.Leader(), Play::ZooKeepers(), std::chrono::milliseconds(200));
  play.Delay(play.Leader(), Play::Shards(), std::chrono::milliseconds(200));
}
void HangShard(Play& play) {
  play.Freeze("s3");
}
void KillMany(Play& play) {
  for (const char* shard : {"s3", "s4", "s5"}) play.Kill(shard);
}

// The list in another order, with one shard more where nobody listens; and back again.
std::function<void(Play&)> UpdateAmid(Strike strike) {
  return [=](Play& play) {
    ClusterSpec changed = play.site.spec;
    std::reverse(changed.shards.begin(), changed.shards.end());
    const auto& host = play.site.redis("s6").place().host;
    changed.shards.push_back({"x1", host + ":1"});
    play.Kill("s1");
    strike(play);
    play.Apply(changed);
    play.AwaitDead({"s1", "x1"}, kAfterOutage);
    play.Start("s1");
    play.Kill("s2");
    play.Apply(play.site.spec);
    play.AwaitDead({"s2"}, kAfterOutage);
    play.AwaitAlive({"s1"}, kAfterOutage);
  };
}

// Gone, and made anew with a shard dead from its first day.
std::function<void(Play&)> DeleteAmid(Strike strike, std::vector<std::string> alive) {
  return [=](Play& play) {
    play.Kill("s1");
    strike(play);
    play.Command({"delete", kCluster, "--yes"});
    play.Pass(std::chrono::seconds(1));
    play.Apply(play.site.spec);
    play.AwaitDead({"s1"}, kAfterOutage);
    play.AwaitAlive(alive, kAfterOutage);
    play.Start("s1");
    play.AwaitAlive({"s1"}, kAfterOutage);
  };
}

// Nothing flips, whoever leads, until the pause is taken back or over.
void Pause(Play& play) {
  play.Command({"pause", kCluster, "--for", "1h", "--reason", "a network is being moved"});
  play.Kill("s1");
  play.Pass(seconds(3));
  const auto s1_is_alive = [&] {
    const auto statuses = play.site.eye.Statuses();
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
  play.AwaitAlive({"s1"}, kAfterElection);
}

}  // namespace

std::vector<Scenario> OperatorScenarios() {
  struct Fault {
    const char* name;
    Strike strike;
    std::vector<Need> needs;
    std::vector<std::string> alive = {"s2", "s3", "s4", "s5", "s6"};
  };
  const Fault faults[] = {
      {"leader_kill", KillLeader, {}},
      {"leader_stop", StopLeader, {}},
      {"zk_leader_kill", KillZooKeeperLeader, {}},
      {"zk_leader_stop", StopZooKeeperLeader, {}},
      {"partition", CutLeaderOff, {Need::kCutFromZooKeeper}},
      {"one_way_loss", DeafenLeader, {Need::kCutFromZooKeeper}},
      {"blind_leader", BlindLeader, {Need::kPackets}},
      {"packet_loss_30", LosePackets, {Need::kPackets}},
      {"follower_kill", KillFollower, {}},
      {"follower_stop", StopFollower, {}},
      {"follower_cut_off", CutFollowerOff, {Need::kPackets}},
      {"zk_follower_kill", KillZooKeeperFollower, {}},
      {"delay_200ms", DelayLeader, {Need::kPackets}},
      {"redis_hang", HangShard, {}, {"s2", "s4", "s5", "s6"}},
      {"four_deaths", KillMany, {}, {"s2", "s6"}},
  };
  std::vector<Scenario> scenarios;
  for (const Fault& fault : faults) {
    scenarios.push_back(
        {.name = std::string("update_mid_") + fault.name,
         .must_hold = "the new list is decided on within 15 s: s1 and a new shard that never "
                      "lived are dead",
         .needs = fault.needs,
         .play = UpdateAmid(fault.strike)});
  }
  for (const Fault& fault : faults) {
    scenarios.push_back({.name = std::string("delete_mid_") + fault.name,
                         .must_hold = "the cluster made anew is decided on within 15 s, by nothing "
                                      "of the old one",
                         .needs = fault.needs,
                         .play = DeleteAmid(fault.strike, fault.alive)});
  }
  scenarios.push_back({.name = "pause_mid_leader_kill",
                       .must_hold = "nothing flips while paused, whoever leads; within 5 s of "
                                    "`resume` or of its end what is true is told",
                       .play = Pause});
  return scenarios;
}

}  // namespace zkcluster::faults
