#include "tests/faults/play.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/join.h"

namespace zkcluster::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLeaderLimit = seconds(20);
constexpr Duration kCommandLimit = seconds(40);
constexpr int kUnavailable = 69;
// The time until an order without an ensemble gives up: connecting, reading, and a busy machine.
constexpr const char* kVainTimeout = "3s";
constexpr Duration kVainLimit = seconds(10);

Micros WallNow() {
  return std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch());
}

std::string InSeconds(Duration duration) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

Play::Play(Site& site_of_play, const Intervention* intervention)
    : site(site_of_play), intervention_(intervention), begun_(WallNow()) {}

Micros Play::Now() const {
  return WallNow();
}

void Play::Say(const std::string& line) {
  story_.push_back(
      fmt::format("{:8.3f}  {}", std::chrono::duration<double>(Now() - begun_).count(), line));
}

void Play::Note(const std::string& shard, Truth truth) {
  truth_.Set(shard, truth, Now());
  Say(shard + (truth == Truth::kAlive  ? " lives"
               : truth == Truth::kDead ? " is dead"
                                       : " may be either"));
}

void Play::Kill(const std::string& shard) {
  site.redis(shard).Kill();
  Note(shard, Truth::kDead);
}
void Play::Start(const std::string& shard) {
  site.redis(shard).Start();
  Note(shard, Truth::kAlive);
}
void Play::Freeze(const std::string& shard) {
  site.redis(shard).Pause();
  Note(shard, Truth::kDead);
}
void Play::Unfreeze(const std::string& shard) {
  site.redis(shard).Resume();
  Note(shard, Truth::kAlive);
}
void Play::MakeRude(const std::string& shard, const std::string& manners, Truth truth) {
  site.StartRude(shard, manners);
  Say(shard + " is now " + manners);
  Note(shard, truth);
}
void Play::MakeKind(const std::string& shard) {
  site.StopRude(shard);
  Start(shard);
}

std::string Play::Leader() {
  std::string leader;
  const auto found = [&] {
    const auto snapshot = site.observer.Read();
    if (!snapshot || !snapshot->leader || snapshot->candidates.empty()) return false;
    leader = snapshot->leader->id;
    return leader == snapshot->candidates.front().name.id;
  };
  if (!site.observer.Await(found, kLeaderLimit)) throw std::runtime_error("nobody leads");
  return leader;
}

std::vector<std::string> Play::Followers() {
  std::vector<std::string> followers = site.CheckerIds();
  std::erase(followers, Leader());
  return followers;
}

void Play::KillChecker(const std::string& id) {
  Say("checker " + id + " is killed");
  site.checker(id).Kill();
}
void Play::StopChecker(const std::string& id) {
  Say("checker " + id + " is stopped");
  site.checker(id).Pause();
}
void Play::ContinueChecker(const std::string& id) {
  Say("checker " + id + " continues");
  site.checker(id).Resume();
}
void Play::StartChecker(const std::string& id) {
  Say("checker " + id + " is started");
  site.checker(id).Start();
}

std::size_t Play::ZooKeeperLeader() {
  std::optional<std::size_t> leader;
  if (!site.observer.Await([&] { return (leader = site.ensemble.Leader()).has_value(); },
                           kLeaderLimit)) {
    throw std::runtime_error("no ZooKeeper server leads");
  }
  return *leader;
}
void Play::KillZooKeeper(std::size_t server) {
  Say(fmt::format("zk{} is killed", server + 1));
  site.ensemble.server(server).Kill();
}
void Play::StartZooKeeper(std::size_t server) {
  Say(fmt::format("zk{} is started", server + 1));
  site.ensemble.server(server).Start();
}

const std::vector<std::string>& Play::ZooKeepers() {
  static const std::vector<std::string> kHosts = {"zk1", "zk2", "zk3"};
  return kHosts;
}
const std::vector<std::string>& Play::Shards() {
  static const std::vector<std::string> kHosts = {"s1", "s2", "s3", "s4", "s5", "s6"};
  return kHosts;
}

void Play::SetWires(const std::string& host, const std::vector<std::string>& others,
                    const Wire& wire, Way way) {
  for (const std::string& other : others) {
    if (way != Way::kFrom) site.fabric.Set(host, other, wire);
    if (way != Way::kTo) site.fabric.Set(other, host, wire);
  }
}
void Play::Cut(const std::string& host, const std::vector<std::string>& others, Way way) {
  Say(fmt::format("{} from {} to {}", way == Way::kBoth ? "cut both ways" : "cut one way",
                  way == Way::kFrom ? Join(others, " ") : host,
                  way == Way::kFrom ? host : Join(others, " ")));
  SetWires(host, others, {.cut = true}, way);
}
void Play::Lose(const std::string& host, const std::vector<std::string>& others, double chance) {
  Say(fmt::format("{:.0f} % loss between {} and {}", chance * 100, host, Join(others, " ")));
  SetWires(host, others, {.loss = chance}, Way::kBoth);
}
void Play::Delay(const std::string& host, const std::vector<std::string>& others, Duration delay) {
  Say(fmt::format("{} to {} takes {}", host, Join(others, " "), InSeconds(delay)));
  SetWires(host, others, {.delay = delay}, Way::kTo);
}
void Play::Mend() {
  Say("the network is mended");
  site.fabric.Mend();
}

void Play::Expect(bool holds, const std::string& what) {
  if (holds) return;
  Say("MISSED: " + what);
  failures_.push_back(what);
}

void Play::Await(const std::string& what, const std::function<bool()>& done, Duration limit) {
  const Duration longest = std::max(limit, least_limit_);
  const bool came = site.observer.Await(done, longest);
  if (came) Say(what);
  Expect(came, what + " within " + InSeconds(longest));
}

void Play::AwaitStatus(const std::vector<std::string>& shards, ShardStatus status, Duration limit) {
  Await(
      Join(shards, " ") + " said to be " + std::string(ShardStatusName(status)),
      [&] {
        const auto statuses = site.observer.Statuses();
        return statuses && std::all_of(shards.begin(), shards.end(), [&](const auto& shard) {
                 return statuses->contains(shard) && statuses->at(shard) == status;
               });
      },
      limit);
}
void Play::AwaitDead(const std::vector<std::string>& shards, Duration limit) {
  AwaitStatus(shards, ShardStatus::kDead, limit);
}
void Play::AwaitAlive(const std::vector<std::string>& shards, Duration limit) {
  AwaitStatus(shards, ShardStatus::kAlive, limit);
}

bool Play::StatusIsTruth(const std::vector<ShardSpec>& shards) {
  const auto snapshot = site.observer.Read();
  if (!snapshot || !snapshot->board_is_current || snapshot->spec.spec.shards != shards)
    return false;
  const bool paused = snapshot->ledger && snapshot->ledger->pause;
  const bool frozen = snapshot->ledger && snapshot->ledger->freeze.frozen;
  if (paused) return true;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (most_flips_.contains(shards[i].name)) continue;
    const Truth truth = truth_.At(shards[i].name, Now());
    const ShardStatus status = snapshot->board.shards.at(i).status;
    if (truth == Truth::kAlive && status != ShardStatus::kAlive) return false;
    if (truth == Truth::kDead && status != ShardStatus::kDead && !frozen) return false;
  }
  return true;
}
void Play::AwaitTruth(const std::vector<ShardSpec>& shards, Duration limit) {
  Await(
      fmt::format("the status of {} shards is the truth", shards.size()),
      [&] { return StatusIsTruth(shards); }, limit);
}
void Play::ExpectNotSaidDead(const std::string& shard, const std::string& what) {
  const auto snapshot = site.observer.Read();
  Expect(snapshot.has_value(), what + ": it can be read");
  if (!snapshot) return;
  const auto& shards = snapshot->spec.spec.shards;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (shards[i].name != shard) continue;
    Expect(snapshot->board.shards.at(i).status != ShardStatus::kDead, what);
  }
}

void Play::AwaitVoters(std::size_t count, Duration limit) {
  Await(
      std::to_string(count) + " checkers vote",
      [&] {
        const auto snapshot = site.observer.Read();
        return snapshot && snapshot->voters.size() == count;
      },
      limit);
}

void Play::ForbidDeadVotes(const std::string& id, bool false_ones_only) {
  vote_rules_.push_back({id, false_ones_only, Now(), Micros::max()});
}
void Play::AllowDeadVotes(const std::string& id) {
  for (VoteRule& rule : vote_rules_) {
    if (rule.id == id) rule.to = std::min(rule.to, Now());
  }
}

void Play::Repeat(const std::string& what, const std::function<Ran()>& run) {
  Ran last;
  const TimePoint deadline = std::chrono::steady_clock::now() + kCommandLimit;
  do {
    last = run();
    if (last.code == 0) return Say(what);
    Pass(milliseconds(200));
  } while (last.code == kUnavailable && std::chrono::steady_clock::now() < deadline);
  Expect(false, what + ": " + last.output);
}
void Play::Command(const std::vector<std::string>& arguments) {
  Repeat("zkctl " + Join(arguments, " "), [&] { return site.Zkctl(arguments); });
}
void Play::Apply(const ClusterSpec& spec) {
  Repeat("zkctl apply", [&] { return site.Apply(spec); });
}

// An attempt with an unknown outcome may have succeeded: then the next one finds nothing to delete.
void Play::Delete() {
  bool tried = false;
  Repeat("zkctl delete", [&] {
    Ran ran = site.Zkctl({"delete", kCluster, "--yes"});
    if (ran.code == 1 && tried && site.Zkctl({"get", kCluster}).code == 1) ran.code = 0;
    tried = true;
    return ran;
  });
}

void Play::OperatorActs() {
  OperatorGivesOrders();
  OperatorSeesDecisions();
}
void Play::OperatorGivesOrders() {
  if (intervention_ == nullptr) return;
  intervention_->give_orders(*this);
  ++orders_given_;
}
void Play::OperatorSeesDecisions() {
  if (intervention_ == nullptr) return;
  intervention_->await_decisions(*this);
  ++orders_seen_through_;
}
void Play::OperatorReachesNobody() {
  if (intervention_ == nullptr) return;
  const TimePoint begun = std::chrono::steady_clock::now();
  const Ran ran = intervention_->try_in_vain(*this, kVainTimeout);
  const Duration took = std::chrono::steady_clock::now() - begun;
  Say(fmt::format("zkctl reaches no ensemble, and ends with {} after {}", ran.code,
                  InSeconds(took)));
  Expect(ran.code == kUnavailable, "zkctl says that it reaches no ensemble: " + ran.output);
  Expect(took < kVainLimit, "zkctl gives up within " + InSeconds(kVainLimit));
}
bool Play::intervened() const {
  return intervention_ == nullptr || (orders_given_ > 0 && orders_given_ == orders_seen_through_);
}

bool Play::ProgramsAreCurrent(const Head& head) const {
  for (std::size_t i = 0; i < kPrograms; ++i) {
    const auto line = nlohmann::json::parse(sandbox::Tail(site.TableFile(i), 1), nullptr, false);
    if (line.is_discarded() || line["sequence"] != head.sequence ||
        line["spec_version"] != head.spec.version) {
      return false;
    }
  }
  return true;
}

void Play::Recover(Duration limit) {
  Say("every fault has ended");
  for (const std::string& shard : Shards()) {
    if (truth_.At(shard, Now()) != Truth::kAlive) truth_.Set(shard, Truth::kOpen, Now());
  }
  site.Revive();
  for (const std::string& shard : Shards()) {
    if (truth_.At(shard, Now()) != Truth::kAlive) Note(shard, Truth::kAlive);
  }
  std::string missing;
  const bool well = site.observer.Await(
      [&] {
        const auto snapshot = site.observer.Read();
        if (!snapshot) return missing = snapshot.error().message, false;
        if (!snapshot->board_is_current || !snapshot->head) return missing = "no board", false;
        for (const auto& row : snapshot->board.shards) {
          if (row.status != ShardStatus::kAlive) return missing = "a shard is not alive", false;
        }
        if (snapshot->voters.size() != site.CheckerIds().size() ||
            snapshot->candidates.size() != site.CheckerIds().size()) {
          return missing = "not every checker has exactly one ballot", false;
        }
        if (!snapshot->leader || snapshot->leader->id != snapshot->candidates.front().name.id) {
          return missing = "nobody leads", false;
        }
        if (!ProgramsAreCurrent(*snapshot->head))
          return missing = "a program has an old table", false;
        return true;
      },
      limit);
  if (well) Say("all is well");
  Expect(well, "all is well within " + InSeconds(limit) + " of the last fault: " + missing);
}

}  // namespace zkcluster::faults
