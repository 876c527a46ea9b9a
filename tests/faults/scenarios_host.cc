// Faults of a checker's own host: no descriptors, no room for the log, a clock that jumps.
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void LimitDescriptors(pid_t pid, rlim_t limit) {
  rlimit limits{};
  if (::prlimit(pid, RLIMIT_NOFILE, nullptr, &limits) == 0) {
    limits.rlim_cur = limit == RLIM_INFINITY ? limits.rlim_max : limit;
    if (::prlimit(pid, RLIMIT_NOFILE, &limits, nullptr) == 0) return;
  }
  throw std::runtime_error(std::string("prlimit: ") + std::strerror(errno));
}

// The hosts of all checkers are so busy that each checker runs for 40 ms, then not for 700 ms.
// Every probe and every reading of an answer is later than allowed.
void Starved(Play& play) {
  play.Say("every checker is starved");
  for (const auto& id : play.site.CheckerIds()) play.ForbidDeadVotes(id, true);
  const Micros begun = play.Now();
  for (int round = 1; play.Now() - begun < seconds(10); ++round) {
    for (const auto& id : play.site.CheckerIds()) play.site.checker(id).Pause();
    if (round == 5) play.OperatorGivesOrders();
    play.Pass(milliseconds(700));
    for (const auto& id : play.site.CheckerIds()) play.site.checker(id).Resume();
    play.Pass(milliseconds(40));
  }
  play.Say("they run again");
  play.OperatorSeesDecisions();
  play.Kill("s1");
  play.AwaitDead({"s1"}, kAfterElection);
}

// This checker's present vote on the shard.
Opinion OpinionOf(Play& play, const std::string& id, const std::string& shard) {
  const auto snapshot = play.site.observer.Read();
  if (!snapshot) return Opinion::kNotProbed;
  const auto& shards = snapshot->spec.spec.shards;
  for (const auto& voter : snapshot->voters) {
    if (voter.id != id || !voter.ballot) continue;
    for (std::size_t i = 0; i < shards.size() && i < voter.ballot->votes.size(); ++i) {
      if (shards[i].name == shard) return voter.ballot->votes[i].opinion;
    }
  }
  return Opinion::kNotProbed;
}

// The checker gets no new descriptors and keeps those that it has. After its connection to a shard
// breaks, it no longer sees that shard.
void OutOfDescriptors(Play& play) {
  const std::string victim = play.Followers().front();
  LimitDescriptors(play.site.checker(victim).pid(), 3);
  play.Say("checker " + victim + " gets no more descriptors");
  play.ForbidDeadVotes(victim);
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  play.Kill("s2");
  play.Start("s2");
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
  for (const char* shard : {"s1", "s2"}) {
    play.Await(
        victim + " votes unknown for " + shard,
        [&] { return OpinionOf(play, victim, shard) == Opinion::kUnknown; }, kSoon);
  }
  LimitDescriptors(play.site.checker(victim).pid(), RLIM_INFINITY);
  play.Say("checker " + victim + " gets descriptors again");
  for (const char* shard : {"s1", "s2"}) {
    play.Await(
        victim + " sees " + shard,
        [&] { return OpinionOf(play, victim, shard) == Opinion::kAlive; }, kSoon);
  }
  play.AllowDeadVotes(victim);
}

void LogDiskFull(Play& play) {
  for (const auto& id : play.site.CheckerIds()) play.site.FillLogDisk(id);
  play.Say("every checker's log disk is full");
  play.Kill("s1");
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  const std::string leader = play.Leader();
  play.KillChecker(leader);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kAfterElection);
  play.StartChecker(leader);
  play.AwaitVoters(3, kAfterElection);
  for (const auto& id : play.site.CheckerIds()) play.site.EmptyLogDisk(id);
  play.Say("there is room again");
  play.Kill("s2");
  play.AwaitDead({"s2"}, kSoon);
  const std::string second = play.Leader();
  play.Await(
      "the leader logs it",
      [&] {
        return play.site.checker(second).CountLog({"event=shard.dead", "shard=s2"}) > 0;
      },
      kSoon);
}

// The leader's clock falls back by an hour, then a follower's that leads next; then it jumps ahead.
void WallClockBack(Play& play) {
  const std::string leader = play.Leader();
  const auto flip = [&](const std::string& shard) {
    play.Kill(shard);
    play.AwaitDead({shard}, kAfterElection);
    play.Start(shard);
    play.AwaitAlive({shard}, kSoon);
  };
  play.Say("the leader's wall clock goes back by an hour");
  play.site.SetWallClock(leader, "-3600");
  flip("s1");
  flip("s1");
  play.OperatorActs();
  for (const auto& id : play.site.CheckerIds()) play.site.SetWallClock(id, "-7200");
  play.Say("all wall clocks go back by two hours, and the leader is killed");
  const std::string second = play.Leader();
  play.KillChecker(second);
  play.OperatorActs();
  flip("s1");
  flip("s2");
  play.StartChecker(second);
  play.AwaitVoters(3, kAfterElection);
  for (const auto& id : play.site.CheckerIds()) play.site.SetWallClock(id, "+3600");
  play.Say("all wall clocks jump ahead by three hours");
  flip("s3");
  for (const auto& id : play.site.CheckerIds()) play.site.SetWallClock(id, "+0");
  play.Say("all wall clocks are right again");
  flip("s3");
}

}  // namespace

std::vector<Scenario> HostScenarios() {
  return {
      {.name = "checker_out_of_fds",
       .must_hold =
           "it calls the shards that it cannot see unknown, never dead; s1's death is reported "
           "within 5 s by the other two",
       .play = OutOfDescriptors},
      {.name = "checkers_starved",
       .must_hold = "nobody votes a living shard dead; s1, killed afterwards, is dead within 10 s",
       .play = Starved},
      {.name = "log_disk_full",
       .must_hold = "deaths are reported within 5 s, an election within 10 s; logging goes on when "
                    "there is room",
       .site = {.tiny_log_disk = true},
       .needs = {Need::kMounts},
       .play = LogDiskFull},
      {.name = "wall_clock_back",
       .must_hold = "deaths and returns are reported within 10 s and 5 s; no Since falls",
       .site = {.fake_wall_clock = true},
       .play = WallClockBack,
       .why_not =
           [] {
             return FindFakeTime().empty() ? std::string("libfaketime is missing: install faketime")
                                           : std::string();
           }},
  };
}

}  // namespace zkcluster::faults
