// Networks that lose some packets or all of them, in one direction or both.
#include <utility>

#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Who { kLeader, kFollower };

std::string Victim(Play& play, Who who) {
  return who == Who::kLeader ? play.Leader() : play.Followers().front();
}

std::vector<std::string> Everybody() {
  std::vector<std::string> hosts = Play::ZooKeepers();
  hosts.insert(hosts.end(), Play::Shards().begin(), Play::Shards().end());
  return hosts;
}

// The other two continue without it. Its ballot ends with its session, and comes back.
std::function<void(Play&)> CutFrom(Who who, std::vector<std::string> hosts, Way way = Way::kBoth) {
  return [=](Play& play) {
    const std::string victim = Victim(play, who);
    play.Cut(victim, hosts, way);
    play.Kill("s1");
    play.OperatorActs();
    play.AwaitDead({"s1"}, who == Who::kLeader ? kAfterElection : kSoon);
    play.Pass(kPastSession);
    play.Start("s1");
    play.AwaitAlive({"s1"}, kSoon);
    play.Mend();
    play.AwaitVoters(3, kAfterElection);
  };
}

// It is the only checker that votes all shards dead. A shard that dies is then voted dead by all.
std::function<void(Play&)> BlindToRedis(Who who) {
  return [=](Play& play) {
    const std::string victim = Victim(play, who);
    play.Cut(victim, Play::Shards());
    play.Pass(seconds(5));
    play.Kill("s1");
    play.OperatorActs();
    play.AwaitDead({"s1"}, kSoon);
    play.Start("s1");
    play.AwaitAlive({"s1"}, kSoon);
    play.Mend();
    play.Pass(seconds(2));
  };
}

// Two of five see no Redis at all, and one of them leads.
void MinorityBlind(Play& play) {
  const std::string leader = play.Leader();
  play.Cut(leader, Play::Shards());
  play.Cut(play.Followers().back(), Play::Shards());
  play.Pass(seconds(5));
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
}

// A quorum of dead votes, but all from one rack.
void RackBlind(Play& play) {
  for (const char* id : {"c1", "c2", "c3"}) play.Cut(id, Play::Shards());
  play.Pass(seconds(5));
  play.Kill("s1");
  play.OperatorGivesOrders();
  play.AwaitDead({"s1"}, kSoon);
  play.Mend();  // a cluster that was created again has no quorum of alive votes before
  play.OperatorSeesDecisions();
}

void LossToOne(Play& play) {
  play.Lose(play.Leader(), Everybody(), 0.3);
  play.Pass(seconds(5));
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kAfterOutage);
  play.Pass(seconds(3));
}

void LossToAll(Play& play) {
  for (const auto& id : play.site.CheckerIds()) play.Lose(id, Everybody(), 0.3);
  play.Pass(seconds(8));
  play.Kill("s1");
  play.OperatorGivesOrders();
  play.AwaitDead({"s1"}, seconds(40));
  play.Mend();
  play.OperatorSeesDecisions();
  play.Start("s1");
}

// Every packet of a checker takes 200 ms, to Redis and to ZooKeeper.
void SlowNetwork(Play& play) {
  for (const auto& id : play.site.CheckerIds()) play.Delay(id, Everybody(), milliseconds(200));
  play.Pass(seconds(3));
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterElection);
  play.Freeze("s2");
  play.AwaitDead({"s2"}, kAfterElection);
  play.Start("s1");
  play.Unfreeze("s2");
  play.AwaitAlive({"s1", "s2"}, kAfterElection);
}

// Commits reach one of the servers late, and a client that reads there reads old values.
void LaggingZooKeeper(Play& play) {
  const std::size_t leader = play.ZooKeeperLeader();
  const std::size_t late = (leader + 1) % play.site.ensemble.size();
  play.Delay("zk" + std::to_string(leader + 1), {"zk" + std::to_string(late + 1)},
             milliseconds(800));
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterElection);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kAfterElection);
}

// Power off: no refusal and no answer to any checker.
void RedisHostVanishes(Play& play) {
  for (const auto& id : play.site.CheckerIds()) play.Cut(id, {"s1"});
  play.Note("s1", Truth::kDead);
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  play.Mend();
  play.Note("s1", Truth::kAlive);
  play.AwaitAlive({"s1"}, kSoon);
}

// The ensemble is split: the leading server is cut off, with one checker that sees only it.
void SplitEnsemble(Play& play) {
  const std::size_t server = play.ZooKeeperLeader();
  const std::string single = "zk" + std::to_string(server + 1);
  std::vector<std::string> others = Play::ZooKeepers();
  std::erase(others, single);
  const std::string checker = play.Leader();
  play.Cut(single, others);
  play.Cut(checker, others);
  for (const auto& id : play.Followers()) play.Cut(id, {single});
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterOutage);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
  play.Mend();
  play.AwaitVoters(3, kAfterOutage);
}

}  // namespace

std::vector<Scenario> NetworkScenarios() {
  const std::vector<Need> packets = {Need::kPackets};
  const auto lossless = [&](std::string name, std::string must_hold,
                            std::function<void(Play&)> play, std::vector<Need> needs,
                            SiteOptions site = {}) {
    return Scenario{.name = std::move(name),
                    .must_hold = std::move(must_hold),
                    .site = site,
                    .needs = std::move(needs),
                    .play = std::move(play)};
  };
  const std::vector<Need> cut = {Need::kCutFromZooKeeper};
  return {
      lossless("checker_cut_from_zk", "s1's death is reported within 5 s by the other two",
               CutFrom(Who::kFollower, Play::ZooKeepers()), cut),
      lossless("checker_cut_from_redis",
               "no flip: one of three sees death; s1, killed later, is dead within 5 s",
               BlindToRedis(Who::kFollower), packets),
      lossless("checker_cut_from_both", "s1's death is reported within 5 s by the other two",
               CutFrom(Who::kFollower, Everybody()), packets),
      lossless("leader_cut_from_zk", "another checker leads and reports s1's death within 10 s",
               CutFrom(Who::kLeader, Play::ZooKeepers()), cut),
      lossless("leader_cut_from_redis",
               "no flip: one of three sees death; s1, killed later, is dead within 5 s",
               BlindToRedis(Who::kLeader), packets),
      lossless("leader_cut_from_both", "another checker leads and reports s1's death within 10 s",
               CutFrom(Who::kLeader, Everybody()), packets),
      lossless("two_of_five_cut_from_redis", "no flip: two of five see death, the leader is one",
               MinorityBlind, packets, {.checkers = 5}),
      lossless("rack_cut_from_redis",
               "min_racks 2, three of five checkers in one rack: no flip by only this rack; s1, "
               "killed later, is dead within 5 s",
               RackBlind, packets, {.checkers = 5, .min_racks = 2, .racks = "aaabb"}),
      lossless("one_way_loss_to_zk",
               "nothing that the leader sends arrives: another reports s1's death within 10 s",
               CutFrom(Who::kLeader, Play::ZooKeepers(), Way::kTo), cut),
      lossless("one_way_loss_from_zk",
               "nothing arrives at the leader, but its packets leave: the same within 10 s",
               CutFrom(Who::kLeader, Play::ZooKeepers(), Way::kFrom), cut),
      lossless("zk_split", "the side with two servers reports s1's death within 15 s",
               SplitEnsemble, packets),
      lossless("zk_follower_lags",
               "one server is 800 ms behind: deaths and returns are reported within 10 s",
               LaggingZooKeeper, packets),
      lossless("packet_loss_30", "30 % loss around the leader: no false flip; s1 dead within 15 s",
               LossToOne, packets),
      Scenario{.name = "packet_loss_30_everywhere",
               .must_hold = "30 % loss around every checker, threshold 3 s: s1 dead within 40 s; "
                            "false flips are counted and heal",
               .site = {.threshold = seconds(3), .refused_threshold = seconds(1)},
               .needs = packets,
               .may_flip_falsely = true,
               .play = LossToAll},
      lossless("delay_200ms", "no false flip; deaths and returns are reported within 10 s",
               SlowNetwork, packets,
               // A probe connects and asks: two round trips, of 200 ms each.
               {.timeout = milliseconds(700), .threshold = milliseconds(1500)}),
      lossless("redis_host_vanishes", "s1 is dead within 5 s, alive within 5 s of its return",
               RedisHostVanishes, packets),
  };
}

}  // namespace zkcluster::faults
