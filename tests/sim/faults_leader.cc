// Faults of a leader that fails at its job, and of the shadows that replace it.
#include <fmt/format.h>

#include "checker/rules/standing.h"
#include "tests/sim/faults.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double SecondsOf(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

// Perhaps with the next in line, as a rack that is lost takes two of five.
void FaultMachine::LeaderAndShardDie() {
  const std::size_t cluster = PickCluster();
  const std::size_t victims = dice_.Chance(0.3) ? 2 : 1;
  const std::string addr = PickAddress();
  const auto line = SortCandidates(scene_.ensemble.Children(scene_.Paths(cluster).election()));
  for (std::size_t n = 0; n < std::min(victims, line.size()); ++n) {
    for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
      if (scene_.plan.checkers[i].id != line[n].name.id || scene_.Checker(i) == nullptr) continue;
      scene_.KillChecker(i);
      RestartSoon(i);
    }
  }
  scene_.SetServer(addr, FakeFleet::Server::kRefused);
  After(dice_.LogBetween(seconds(1), seconds(10)),
        [this, addr] { scene_.SetServer(addr, FakeFleet::Server::kUp); });
}

// Its session lives, and what it writes comes too late.
void FaultMachine::DelayLeader() {
  const auto leading = scene_.LeadingChecker(PickCluster());
  if (!leading || scene_.Checker(*leading) == nullptr) return;
  const Duration late = dice_.LogBetween(milliseconds(50), seconds(3));
  const std::uint64_t number = scene_.CheckerLife(*leading);
  NoteFault(
      fmt::format("{} is heard {:.2f} s late", scene_.plan.checkers[*leading].id, SecondsOf(late)));
  WithClient(number, [&](zk::Client& client) { scene_.ensemble.SetSendDelay(client, late); });
  After(dice_.Between(seconds(1), seconds(10)), [this, number] {
    WithClient(number, [this](zk::Client& client) {
      scene_.ensemble.SetSendDelay(client, Duration::zero());
    });
  });
}

void FaultMachine::SlowEnsemble() {
  const Duration slow = dice_.LogBetween(milliseconds(20), kSlowestWrite);
  NoteFault(fmt::format("every write takes {:.3f} s more", SecondsOf(slow)));
  scene_.ensemble.SetSlow(slow);
  After(dice_.Between(seconds(1), seconds(10)),
        [this] { scene_.ensemble.SetSlow(Duration::zero()); });
}

// As the next deposition arrives at the ensemble.
void FaultMachine::DisturbDeposition() {
  at_deposition_ = [this](const Arrival& arrival, std::size_t cluster) {
    const Life* const life = scene_.LifeOf(arrival.process);
    if (life == nullptr) return Fate::kServe;
    scene_.counters.Add("deposition disturbed");
    const std::uint64_t number = life->number;
    const std::string who = life->name;
    const ClusterPaths paths = scene_.Paths(cluster);
    switch (dice_.Below(6)) {
      case 0: {
        NoteFault(who + "'s candidate is removed as it deposes");
        // Not the one that the request checks: it may not check any.
        for (const auto& node : scene_.ensemble.Children(paths.election())) {
          const std::string path = paths.candidate(node);
          const auto owner = scene_.ensemble.Get(path)->stat.ephemeral_owner;
          if (owner == life->client->session_id()) scene_.Remove(path);
        }
        return Fate::kServe;
      }
      case 1:
        NoteFault(who + " is frozen as it deposes");
        scene_.Pause(number, dice_.Between(milliseconds(10), 2 * life->session_timeout));
        return Fate::kServe;
      case 2:
        NoteFault(who + " is killed as it deposes");
        scene_.KillLife(number);
        return Fate::kServe;
      case 3:
        NoteFault(who + "'s answer is lost as it deposes");
        return Fate::kLoseAnswer;
      case 4:
        NoteFault(who + "'s session ends as it deposes");
        return Fate::kKillSession;
      default:
        if (const auto head = scene_.ensemble.Get(paths.head())) {
          NoteFault("a decision comes before a deposition");
          scene_.Put(paths.head(), head->data);
        }
        return Fate::kServe;
    }
  };
}

}  // namespace zkcluster::sim
