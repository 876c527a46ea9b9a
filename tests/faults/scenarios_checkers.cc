// Checkers that die or hang, and too few of them.
#include <stdexcept>

#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

void LeaderKill(Play& play) {
  const std::string leader = play.Leader();
  play.KillChecker(leader);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterElection);
  play.Expect(play.Leader() != leader, "another checker leads");
  play.StartChecker(leader);
  play.AwaitVoters(3, kAfterElection);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
}

// Stopped longer than its session, in the middle of a death; what it knows when it wakes is old.
void LeaderStop(Play& play) {
  const std::string leader = play.Leader();
  play.Kill("s1");
  play.StopChecker(leader);
  play.OperatorActs();
  play.AwaitDead({"s1"}, kAfterElection);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
  play.Pass(kPastSession);
  play.ForbidDeadVotes(leader, true);
  play.ContinueChecker(leader);
  play.AwaitVoters(3, kAfterElection);
  play.Expect(play.Leader() != leader, "another checker leads");
  play.Kill("s2");
  play.AwaitDead({"s2"}, kSoon);
}

void FollowerKill(Play& play) {
  const std::string leader = play.Leader();
  const std::string victim = play.Followers().front();
  play.KillChecker(victim);
  play.Kill("s1");
  play.AwaitDead({"s1"}, kSoon);
  play.Expect(play.Leader() == leader, "the leader stays");
  play.OperatorActs();  // only now: a cluster that was created again elects again
  play.StartChecker(victim);
  play.AwaitVoters(3, kAfterElection);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
}

void FollowerStop(Play& play) {
  const std::string victim = play.Followers().front();
  play.StopChecker(victim);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
  play.Pass(kPastSession);
  play.ForbidDeadVotes(victim, true);
  play.ContinueChecker(victim);
  play.AwaitVoters(3, kAfterElection);
}

// One checker is no quorum of three: nothing flips until a second one is back.
void TwoOfThreeKilled(Play& play) {
  const auto followers = play.Followers();
  for (const auto& id : followers) play.KillChecker(id);
  play.Pass(kPastSession);
  play.Kill("s1");
  play.OperatorGivesOrders();
  play.Pass(std::chrono::seconds(3));
  play.ExpectNotSaidDead("s1", "s1 is not dead without a quorum");
  play.StartChecker(followers.front());
  play.AwaitDead({"s1"}, kAfterElection);
  play.OperatorSeesDecisions();
}

// Five checkers, and any two may be gone: the leader is killed, a follower hangs.
void TwoOfFiveGone(Play& play) {
  const std::string leader = play.Leader();
  const std::string hung = play.Followers().back();
  play.KillChecker(leader);
  play.StopChecker(hung);
  play.Kill("s1");
  play.Freeze("s2");
  play.OperatorActs();
  play.AwaitDead({"s1", "s2"}, kAfterElection);
  play.Start("s1");
  play.Unfreeze("s2");
  play.AwaitAlive({"s1", "s2"}, kSoon);
  play.ContinueChecker(hung);
  play.StartChecker(leader);
  play.AwaitVoters(5, kAfterElection);
}

// The leader is killed, four times in a row.
void LeadersKilledInARow(Play& play) {
  for (int round = 1; round <= 4; ++round) {
    const std::string leader = play.Leader();
    play.KillChecker(leader);
    const std::string shard = "s" + std::to_string(round);
    play.Kill(shard);
    play.OperatorActs();
    play.AwaitDead({shard}, kAfterElection);
    play.StartChecker(leader);
    play.AwaitVoters(3, kAfterElection);
  }
}

// All of them are killed at once; meanwhile a shard dies and another returns.
void EveryCheckerKilled(Play& play) {
  play.Kill("s2");
  play.AwaitDead({"s2"}, kSoon);
  for (const auto& id : play.site.CheckerIds()) play.KillChecker(id);
  play.Kill("s1");
  play.Start("s2");
  play.OperatorGivesOrders();
  play.Pass(kPastSession);
  for (const auto& id : play.site.CheckerIds()) play.StartChecker(id);
  play.AwaitDead({"s1"}, kAfterElection);
  play.AwaitAlive({"s2"}, kAfterElection);
  play.OperatorSeesDecisions();
}

// With a session far longer than anybody waits here: only the leader's shadow can decide.
void ShadowDecides(Play& play) {
  const std::string leader = play.Leader();
  play.KillChecker(leader);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kByShadow);
  play.Expect(play.Leader() != leader, "another checker leads");
  play.StartChecker(leader);
  play.AwaitVoters(3, kAfterOutage);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
}

// Leader and next in line, as a rack takes two of five.
void SecondShadowDecides(Play& play) {
  const std::string leader = play.Leader();
  const auto line = play.site.observer.Read();
  if (!line || line->candidates.size() < 5) throw std::runtime_error("five are not in line");
  const std::string next = line->candidates[1].name.id;
  play.KillChecker(leader);
  play.KillChecker(next);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kByShadow);
  const std::string now = play.Leader();
  play.Expect(now != leader && now != next, "a third checker leads");
  play.StartChecker(leader);
  play.StartChecker(next);
  play.AwaitVoters(5, kAfterOutage);
}

// It hangs for less than its session, and goes on as a follower.
void HungLeaderDeposed(Play& play) {
  const std::string leader = play.Leader();
  play.StopChecker(leader);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kByShadow);
  play.ContinueChecker(leader);
  play.Kill("s2");
  play.AwaitDead({"s2"}, kByShadow);
  play.Expect(play.Leader() != leader, "the one that hung follows");
  play.AwaitVoters(3, kAfterElection);
}

// s1 is silent for less than its threshold (3 s) while all checkers begin again: that is no death.
void NobodyCallsDead(Play& play) {
  play.AllowFlips("s1", 0);
  for (const auto& id : play.site.CheckerIds()) play.ForbidDeadVotes(id);
  play.Pass(std::chrono::seconds(1));
  play.Unfreeze("s1");
  play.AwaitVoters(3, kAfterElection);
  play.AwaitAlive({"s1"}, kSoon);
  play.Pass(kPastSession);
  for (const auto& id : play.site.CheckerIds()) play.AllowDeadVotes(id);
  play.OperatorActs();
}

void EveryCheckerRestarts(Play& play) {
  for (const auto& id : play.site.CheckerIds()) play.KillChecker(id);
  play.Freeze("s1");
  for (const auto& id : play.site.CheckerIds()) play.StartChecker(id);
  NobodyCallsDead(play);
}

void EveryCheckerAndAShardStop(Play& play) {
  for (const auto& id : play.site.CheckerIds()) play.StopChecker(id);
  play.Freeze("s1");
  play.Pass(std::chrono::milliseconds(3400));
  for (const auto& id : play.site.CheckerIds()) play.ContinueChecker(id);
  NobodyCallsDead(play);
}

}  // namespace

std::vector<Scenario> CheckerScenarios() {
  return {
      {.name = "leader_kill",
       .must_hold = "s1, killed with the leader, is dead within 10 s by another leader; alive "
                    "within 5 s of its return",
       .play = LeaderKill},
      {.name = "leader_stop",
       .must_hold = "s1 is dead within 10 s by another leader; the old one, continued after its "
                    "session, commits nothing, votes nothing false and does not lead",
       .play = LeaderStop},
      {.name = "follower_kill",
       .must_hold = "s1 is dead within 5 s by the votes of two; the leader stays",
       .play = FollowerKill},
      {.name = "follower_stop",
       .must_hold = "s1 is dead within 5 s; the follower, continued after its session, votes "
                    "nothing false",
       .play = FollowerStop},
      {.name = "two_of_three_checkers_killed",
       .must_hold = "without a quorum s1's death flips nothing; it does within 10 s of the second "
                    "checker's start",
       .play = TwoOfThreeKilled},
      {.name = "two_of_five_checkers_gone",
       .must_hold = "leader killed and a follower hung: s1 (killed) and s2 (hung) are dead within "
                    "10 s",
       .site = {.checkers = 5},
       .play = TwoOfFiveGone},
      {.name = "every_checker_killed",
       .must_hold = "s1, dead meanwhile, and s2, back meanwhile, are reported within 10 s of their "
                    "restart",
       .play = EveryCheckerKilled},
      {.name = "leaders_killed_in_a_row",
       .must_hold = "each time the next leader reports the death of a shard within 10 s",
       .play = LeadersKilledInARow},
      {.name = "leader_killed_long_session",
       .must_hold =
           "sessions of 10 s: s1, killed with the leader, is dead within 5 s by its shadow",
       .site = {.session_timeout = "10s"},
       .play = ShadowDecides},
      {.name = "leader_and_next_killed_long_session",
       .must_hold = "sessions of 10 s: s1, killed with the leader and the next of five, is dead "
                    "within 5 s by the second shadow",
       .site = {.checkers = 5, .session_timeout = "10s"},
       .play = SecondShadowDecides},
      {.name = "leader_hung_long_session",
       .must_hold = "sessions of 10 s: s1 and s2 are dead within 5 s each; the leader that hung "
                    "goes on as a follower",
       .site = {.session_timeout = "10s"},
       .play = HungLeaderDeposed},
      {.name = "every_checker_restarts_beside_a_silent_shard",
       .must_hold =
           "s1, silent for a second of its threshold of 3 s as all checkers start, does not "
           "flip, and nobody votes it dead",
       .site = {.threshold = std::chrono::seconds(3)},
       .play = EveryCheckerRestarts},
      {.name = "every_checker_and_a_shard_stop",
       .must_hold =
           "s1, stopped and woken with all checkers and silent for a second more, does not "
           "flip, and nobody votes it dead",
       .site = {.threshold = std::chrono::seconds(3)},
       .play = EveryCheckerAndAShardStop},
  };
}

}  // namespace zkcluster::faults
