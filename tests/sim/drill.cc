#include "tests/sim/drill.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "checker/rules/standing.h"
#include "codec/codec.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The patience of the first shadow, before any deposition.
constexpr Duration kFirstPatience = milliseconds(500);
// A probe that has just begun, the ballots, a confirmation, a take-over, a commit.
constexpr Duration kDrillMargin = milliseconds(700);
constexpr std::string_view kHows[] = {"killed",  "frozen",     "cut",
                                      "mute",    "not heard",  "hears nothing",
                                      "starved", "heard late", "all slow"};

}  // namespace

std::vector<Drill::Victim> Drill::Line(std::size_t cluster) const {
  std::vector<Victim> line;
  for (const auto& candidate :
       SortCandidates(scene_.ensemble.Children(scene_.Paths(cluster).election()))) {
    for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
      if (scene_.plan.checkers[i].id == candidate.name.id) {
        line.push_back({i, scene_.CheckerLife(i)});
      }
    }
  }
  return line;
}

std::string Drill::PickShard(std::size_t cluster, const std::vector<Victim>& victims) {
  const auto stored = scene_.SpecOf(cluster);
  const auto head = scene_.HeadOf(cluster);
  if (!stored || !head || head->spec != stored->id) return "";
  const ClusterSpec spec = scene_.InForce(cluster, *stored);
  const Ledger ledger = scene_.LedgerOf(cluster);
  // A freeze may hold the death.
  if (spec.max_dead_fraction || ledger.freeze.frozen) return "";
  std::set<std::string> racks;
  int voters = 0;
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    const bool disturbed =
        std::ranges::any_of(victims, [&](const Victim& victim) { return victim.checker == i; });
    if (disturbed || scene_.Checker(i) == nullptr) continue;
    ++voters;
    racks.insert(scene_.plan.checkers[i].rack);
  }
  // With a quorum below a majority the ballots of the victims, who saw it alive, make a tie.
  const int others = static_cast<int>(victims.size());
  if (voters < head->quorum || others >= head->quorum) return "";
  if (static_cast<int>(racks.size()) < spec.min_racks.value_or(1)) return "";
  const std::string letters = scene_.StatusesOf(cluster);
  std::vector<std::string> alive;
  for (std::size_t n = 0; n < spec.shards.size(); ++n) {
    const std::string& addr = spec.shards[n].addr;
    if (letters[n] == 'A' && scene_.fleet.Get(addr) == FakeFleet::Server::kUp)
      alive.push_back(addr);
  }
  return alive.empty() ? "" : dice_.Pick(alive);
}

// Runs for a few milliseconds now and then: its session lives.
void Drill::Starve(std::uint64_t life) {
  scene_.Pause(life, milliseconds(900));
  scene_.world.After(milliseconds(905), nullptr, lifetime_.Guard([this, life] { Starve(life); }));
}

// A session is suspended when nothing is heard for two thirds of its timeout, and answers come in
// order: with slower writes no leader of that session can finish one.
Duration Drill::LongestWrite() const {
  Duration shortest = seconds(4);
  for (const auto& checker : scene_.plan.checkers) {
    shortest = std::min(shortest, checker.session_timeout);
  }
  return shortest / 2;
}

void Drill::Disturb(const Victim& victim, How how) {
  SimChecker* const checker = scene_.Checker(victim.checker);
  if (checker == nullptr) return;
  zk::Client& client = checker->client();
  switch (how) {
    case How::kKilled:
      return scene_.KillChecker(victim.checker);
    case How::kFrozen:
      return scene_.Pause(victim.life, std::chrono::hours(1));
    case How::kCut:
      return scene_.ensemble.Disconnect(client);
    case How::kMute:
      return scene_.ensemble.Mute(client);
    case How::kNotHeard:
      return scene_.ensemble.MuteToServer(client);
    case How::kHearsNothing:
      return scene_.ensemble.MuteToClient(client);
    case How::kStarved:
      return Starve(victim.life);
    case How::kHeardLate:
      return scene_.ensemble.SetSendDelay(client, seconds(30));
    case How::kAllSlow:
      slow_ = dice_.LogBetween(milliseconds(50), LongestWrite());
      return scene_.ensemble.SetSlow(slow_);
  }
}

// The shadows may have learned to be patient.
Duration Drill::Bound(std::size_t cluster, std::size_t victims) const {
  const auto leader = scene_.LeaderOf(cluster);
  const std::size_t depositions =
      leader ? leader->depositions.size() + (leader->deposed.empty() ? 0 : 1) : 0;
  Duration patience = kFirstPatience;
  for (std::size_t i = 0; i < depositions; ++i) patience = std::min(2 * patience, kLongestSession);
  const auto stored = scene_.SpecOf(cluster);
  const ProbeSpec probe = stored ? stored->spec.probe : ProbeSpec{};
  const HealthSettings& own = scene_.plan.health;
  const Duration threshold = std::max(probe.threshold.value_or(own.threshold),
                                      probe.refused_threshold.value_or(own.refused_threshold));
  const Duration interval = probe.interval.value_or(own.interval);
  const Duration probes = threshold + interval * 11 / 10 + own.fast_interval;
  // The slowest path: ballots, deposition, take-over of the second, its commit.
  return probes + static_cast<std::int64_t>(victims) * patience + kDrillMargin + 8 * slow_;
}

bool Drill::IsDead(std::size_t cluster, const std::string& addr) const {
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) return false;
  const std::string letters = scene_.StatusesOf(cluster);
  for (std::size_t n = 0; n < std::min(letters.size(), stored->spec.shards.size()); ++n) {
    if (stored->spec.shards[n].addr == addr) return letters[n] == 'D';
  }
  return false;
}

void Drill::Run() {
  if (scene_.violation()) return;
  const std::size_t cluster = dice_.Below(scene_.clusters().size());
  const auto how = static_cast<How>(dice_.Below(std::size(kHows)));
  std::vector<Victim> victims = Line(cluster);
  const bool two = victims.size() >= 5 && dice_.Chance(0.4);
  victims.resize(std::min<std::size_t>(victims.size(), two ? 2 : 1));
  const std::string addr =
      PickShard(cluster, how == How::kAllSlow ? std::vector<Victim>() : victims);
  if (addr.empty() || victims.empty()) return scene_.counters.Add("drill without a shard");
  const std::string name(kHows[static_cast<std::size_t>(how)]);
  scene_.counters.Add("drill " + name + (two ? " (two)" : ""));
  scene_.Note("drill",
              fmt::format("the first {} in line: {}; {} dies", victims.size(), name, addr));
  const std::uint64_t depositions = scene_.judge().counters().depositions;
  for (const Victim& victim : victims) Disturb(victim, how);
  const Duration bound = Bound(cluster, victims.size());
  scene_.SetServer(addr, FakeFleet::Server::kRefused);
  const bool decided = scene_.RunUntil([&] { return IsDead(cluster, addr); }, bound);
  if (scene_.violation()) return;
  if (!decided) {
    return scene_.Violate("late",
                          fmt::format("{} is not dead {:.2f} s after it died; leader {}", addr,
                                      std::chrono::duration<double>(bound).count(), name));
  }
  if (how != How::kAllSlow) return;
  scene_.Run(seconds(10));
  if (scene_.judge().counters().depositions > depositions + 2) {
    scene_.Violate("ping_pong", fmt::format("{} leaders deposed while every write took {:.2f} s",
                                            scene_.judge().counters().depositions - depositions,
                                            std::chrono::duration<double>(slow_).count()));
  }
}

}  // namespace zkcluster::sim
