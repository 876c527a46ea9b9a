#include "tests/sim/liveness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "checker/rules/standing.h"
#include "codec/codec.h"
#include "model/safeguards.h"

namespace zkcluster::sim {
namespace {

using Server = FakeFleet::Server;
using history::Excuse;

// How often Missing is called, and how many of its lines are printed.
constexpr Duration kCheckInterval = std::chrono::milliseconds(500);
constexpr std::size_t kListed = 8;
// Longer than a checker may take to follow a name, and to forgive a server that seemed to fail then.
constexpr Duration kNamesSettle = std::chrono::seconds(60);
constexpr Duration kSettleAgain = std::chrono::seconds(60);

// The transactions since then, except the ends of sessions without ephemerals: the
// ensemble itself causes those.
std::uint64_t WritesOf(const FakeEnsemble& ensemble, std::int64_t since) {
  std::uint64_t writes = 0;
  for (auto it = ensemble.history().rbegin(); it != ensemble.history().rend(); ++it) {
    if (it->zxid <= since) break;
    if (!it->ops.empty()) ++writes;
  }
  return writes;
}

}  // namespace

// --- the end of all faults ---

void Liveness::Heal(Dice* dice) {
  scene_.Note("heal", "every fault ends");
  lasting_.clear();
  scene_.ensemble.Up();
  scene_.ensemble.HealServers();
  HealProcesses();
  scene_.names.Heal();
  scene_.HealFleet();
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    for (const auto& addr : AddressesOf(k, scene_.plan.clusters[k].spec)) {
      const bool dead = dice != nullptr && dice->Chance(0.25);
      scene_.SetServer(addr, dead ? dice->Pick(std::vector<Server>{Server::kRefused, Server::kHung,
                                                                   Server::kLoading})
                                  : Server::kUp);
    }
    // A corrupted spec has to be restored here: nobody else can know what was meant.
    const ClusterPaths paths = scene_.Paths(k);
    if (scene_.ensemble.Exists(paths.base()) && !scene_.SpecOf(k)) scene_.Remove(paths.base());
  }
  if (dice != nullptr && dice->Chance(0.3)) DisturbForEver(*dice);
  Tend();
}

void Liveness::HealProcesses() {
  scene_.KillTwins();
  scene_.ensemble.EndEphemerals();
  while (scene_.gos() > 0) scene_.LeaveGo(false);
  for (const auto& life : scene_.Lives()) {
    scene_.Resume(life.number);
    life.loop->SetWallOffset(Micros(0));
    scene_.ensemble.Reconnect(*life.client);
    scene_.ensemble.SetEventDelay(*life.client, Duration::zero());
    scene_.ensemble.SetSendDelay(*life.client, Duration::zero());
    scene_.ensemble.SetFate(*life.client, nullptr);
  }
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (SimChecker* const checker = scene_.Checker(i)) checker->Reload({}, scene_.plan.health);
  }
  for (std::size_t i = 0; i < scene_.operators(); ++i) {
    if (Operator* const one = scene_.OperatorAt(i)) one->Abandon();
  }
}

void Liveness::DisturbForEver(Dice& dice) {
  const std::size_t all = scene_.plan.checkers.size();
  const std::size_t most = (all - 1) / 2;
  if (most == 0) return;
  const std::size_t count = 1 + dice.Below(most);
  const auto how = dice.Pick(std::vector<Lasting>{Lasting::kKilled, Lasting::kMute,
                                                  Lasting::kFrozen, Lasting::kCutFromRedis});
  const std::size_t first = dice.Below(all);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t i = (first + n) % all;
    lasting_[i] = how;
    const std::string& id = scene_.plan.checkers[i].id;
    SimChecker* const checker = scene_.Checker(i);
    switch (how) {
      case Lasting::kNone:
        break;
      case Lasting::kKilled:
        scene_.Note("heal", id + " stays dead");
        scene_.KillChecker(i);
        break;
      case Lasting::kMute:
        scene_.Note("heal", id + " stays mute");
        if (checker != nullptr) scene_.ensemble.Mute(checker->client());
        break;
      case Lasting::kFrozen:
        scene_.Note("heal", id + " stays frozen");
        if (checker != nullptr) scene_.Pause(scene_.CheckerLife(i), std::chrono::hours(1));
        break;
      case Lasting::kCutFromRedis:
        scene_.Note("heal", id + " stays cut from Redis");
        for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
          for (const auto& addr : AddressesOf(k, scene_.plan.clusters[k].spec)) {
            scene_.SetReach(id, addr, FakeFleet::Reach::kDropped);
          }
        }
    }
  }
}

void Liveness::Tend() {
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    const auto lasting = lasting_.find(i);
    const bool wanted = lasting == lasting_.end() || lasting->second == Lasting::kCutFromRedis;
    if (wanted && scene_.Checker(i) == nullptr) scene_.StartChecker(i);
  }
  if (scene_.readers() == 0) scene_.StartReader();
  if (scene_.OperatorAt(0) == nullptr) scene_.StartOperator(0);
  Operator& who = *scene_.OperatorAt(0);
  for (std::size_t k = 0; k < scene_.clusters().size() && !who.busy(); ++k) {
    if (!scene_.ensemble.Exists(scene_.Paths(k).base())) {
      who.Create(scene_.plan.clusters[k].spec);
    }
  }
}

void Liveness::Settle() {
  const TimePoint healed = scene_.world.now();
  const Duration bound = kBound + (scene_.names.on() ? kNamesBound : Duration(0));
  std::vector<std::string> missing = Missing();
  while (!missing.empty()) {
    if (scene_.world.now() - healed >= bound) {
      std::string text = fmt::format("{:.0f} s after the last fault:",
                                     std::chrono::duration<double>(bound).count());
      for (std::size_t i = 0; i < std::min(missing.size(), kListed); ++i) {
        text += "\n    " + missing[i];
      }
      if (missing.size() > kListed)
        text += fmt::format("\n    and {} more", missing.size() - kListed);
      return scene_.Violate("liveness", text);
    }
    scene_.Run(kCheckInterval);
    if (scene_.violation()) return;
    Tend();
    missing = Missing();
  }
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(scene_.world.now() - healed);
  scene_.Note("heal", fmt::format("nothing is missing after {} s", took.count()));
  scene_.counters.Add("settled");
  scene_.counters.Add("settled within 5 s", took.count() < 5 ? 1 : 0);
  scene_.counters.Add("settled after 20 s", took.count() >= 20 ? 1 : 0);
}

void Liveness::StayQuiet(Duration duration) {
  if (scene_.violation()) return;
  // A checker that has not followed a name yet may change its opinion once more when it does.
  scene_.RunUntil([this] { return NamesSettled(); }, kNamesSettle);
  scene_.RunUntil([this] { return Missing().empty(); }, kSettleAgain);
  // Writes may still be in flight: the journal is trimmed, a mirror is written.
  scene_.Run(std::chrono::seconds(3));
  // One checker may have seen a death that was due before the faults ended. It counts good probes
  // until it says "alive" again.
  if (!NobodyReturns()) {
    scene_.RunUntil([this] { return NobodyReturns(); }, kSettleAgain);
    scene_.Run(std::chrono::seconds(3));
  }
  const std::int64_t zxid = scene_.ensemble.zxid();
  scene_.Run(duration);
  if (scene_.violation()) return;
  if (const auto writes = WritesOf(scene_.ensemble, zxid); writes > 0) {
    return scene_.Violate("quiet",
                          fmt::format("{} transactions in {:.1f} s in which nothing "
                                      "happened",
                                      writes, std::chrono::duration<double>(duration).count()));
  }
  const auto missing = Missing();
  if (!missing.empty()) scene_.Violate("quiet", "it did not last: " + missing.front());
}

bool Liveness::NobodyReturns() const {
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    const ClusterPaths paths = scene_.Paths(k);
    for (const std::string& id : scene_.ensemble.Children(paths.votes())) {
      const auto node = scene_.ensemble.Get(paths.vote(id));
      const auto ballot = node ? DecodeBallot(node->data) : Result<Ballot>(Ballot{});
      if (ballot && !ballot->returning.empty()) return false;
    }
  }
  return true;
}

bool Liveness::NamesSettled() const {
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    const auto stored = scene_.SpecOf(k);
    for (const ShardSpec& shard : stored ? stored->spec.shards : std::vector<ShardSpec>()) {
      if (!scene_.names.Settled(shard.addr)) return false;
    }
  }
  return true;
}

// --- what must be there ---

bool Liveness::IsLive(std::size_t checker) const {
  const auto lasting = lasting_.find(checker);
  return lasting == lasting_.end() || lasting->second == Lasting::kCutFromRedis;
}

Opinion Liveness::Deserved(std::size_t checker, const std::string& addr) const {
  const auto lasting = lasting_.find(checker);
  if (lasting != lasting_.end() && lasting->second == Lasting::kCutFromRedis) {
    return Opinion::kDead;
  }
  return scene_.fleet.Get(addr) == Server::kUp ? Opinion::kAlive : Opinion::kDead;
}

std::vector<std::string> Liveness::Missing() const {
  outliers_.clear();
  excuses_ = {};
  std::vector<std::string> missing;
  std::size_t leading = 0;
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (!IsLive(i)) continue;
    SimChecker* const checker = scene_.Checker(i);
    if (checker == nullptr) {
      missing.push_back(scene_.plan.checkers[i].id + " does not run");
    } else if (checker->client().state() != SessionState::kConnected) {
      missing.push_back(checker->id() + " has no session");
    } else {
      leading += checker->facts().Leading();
    }
  }
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) MissingIn(k, missing);
  if (missing.empty() && leading != scene_.clusters().size()) {
    missing.push_back(
        fmt::format("{} leaders lead {} clusters", leading, scene_.clusters().size()));
  }
  return missing;
}

void Liveness::MissingIn(std::size_t cluster, std::vector<std::string>& missing) const {
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) {
    missing.push_back("cluster " + scene_.clusters()[cluster] + " has no spec");
    return;
  }
  MissingBallots(cluster, *stored, missing);
  MissingLeader(cluster, missing);
  MissingStatus(cluster, *stored, missing);
  MissingTables(cluster, *stored, missing);
}

void Liveness::MissingBallots(std::size_t cluster, const StoredSpec& stored,
                              std::vector<std::string>& missing) const {
  const ClusterPaths paths = scene_.Paths(cluster);
  std::set<std::int64_t> sessions;
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    SimChecker* const checker = scene_.Checker(i);
    if (!IsLive(i) || checker == nullptr) continue;
    sessions.insert(checker->client().session_id());
    const std::string whose = fmt::format("{}: the ballot of {}", paths.name(), checker->id());
    const auto node = scene_.ensemble.Get(paths.vote(checker->id()));
    if (!node) {
      missing.push_back(whose + " is missing");
      continue;
    }
    const auto ballot = DecodeBallot(node->data);
    if (!ballot) {
      missing.push_back(whose + " is undecodable");
    } else if (node->stat.ephemeral_owner != checker->client().session_id()) {
      missing.push_back(whose + " is of another session");
    } else if (ballot->spec != stored.id || ballot->votes.size() != stored.spec.shards.size()) {
      missing.push_back(whose + " is on an old spec");
    } else {
      for (std::size_t n = 0; n < ballot->votes.size(); ++n) {
        const ShardSpec& shard = stored.spec.shards[n];
        if (ballot->votes[n].opinion == Deserved(i, shard.addr)) continue;
        missing.push_back(fmt::format("{} says {} of {}", whose,
                                      static_cast<int>(ballot->votes[n].opinion), shard.name));
      }
    }
  }
  const auto ghost = [&](const std::string& path, const char* what) {
    const auto node = scene_.ensemble.Get(path);
    if (!node) return;
    if (sessions.contains(node->stat.ephemeral_owner)) return;
    missing.push_back(fmt::format("{}: a ghost still has a {}: {}", paths.name(), what, path));
  };
  for (const auto& id : scene_.ensemble.Children(paths.votes())) ghost(paths.vote(id), "ballot");
  for (const auto& node : scene_.ensemble.Children(paths.election())) {
    if (ParseCandidateName(node)) ghost(paths.candidate(node), "candidate");
  }
  for (const auto& node : scene_.ensemble.Children(paths.go_voters())) {
    if (IsGoVoter(node)) ghost(paths.go_voters() + "/" + node, "Go registration");
  }
}

void Liveness::MissingLeader(std::size_t cluster, std::vector<std::string>& missing) const {
  const ClusterPaths paths = scene_.Paths(cluster);
  const auto candidates = SortCandidates(scene_.ensemble.Children(paths.election()));
  std::size_t live = 0;
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) live += IsLive(i) ? 1 : 0;
  if (candidates.size() != live) {
    missing.push_back(
        fmt::format("{}: {} candidates of {} checkers", paths.name(), candidates.size(), live));
  }
  if (candidates.empty()) return;
  const auto leader = scene_.LeaderOf(cluster);
  const std::string& first = candidates.front().name.id;
  if (!leader || leader->id != first) {
    missing.push_back(fmt::format("{}: `leader` names {}, the first candidate is {}", paths.name(),
                                  leader ? leader->id : "nobody", first));
    return;
  }
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (scene_.plan.checkers[i].id != first || scene_.Checker(i) == nullptr) continue;
    if (scene_.Checker(i)->facts().Leading() == 0) {
      missing.push_back(fmt::format("{}: {} is first and does not lead", paths.name(), first));
    }
  }
}

int Liveness::LiveVoters() const {
  int voters = 0;
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) voters += IsLive(i) ? 1 : 0;
  return voters;
}

int Liveness::QuorumOf(const ClusterSpec& spec, const Ledger& ledger) const {
  int size = std::max(static_cast<int>(ledger.electorate.size()), ledger.at_least);
  if (spec.checkers) size = *spec.checkers;
  size = std::max(size, LiveVoters());
  return spec.quorum.value_or(size / 2 + 1);
}

std::optional<ShardStatus> Liveness::Owed(const ClusterSpec& spec, const Ledger& ledger,
                                          const std::string& addr) const {
  const auto voted = Voted(spec, ledger, addr);
  return voted == ShardStatus::kDead && ledger.freeze.frozen ? std::nullopt : voted;
}

// By what it deserves to vote, it contradicts all others (see the product's outlier.h).
bool Liveness::IsOutlier(const ClusterSpec& spec, std::size_t checker) const {
  int agreed = 0;
  int alone = 0;
  for (const ShardSpec& shard : spec.shards) {
    int alive = 0;
    int dead = 0;
    for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
      if (i == checker || !IsLive(i)) continue;
      alive += Deserved(i, shard.addr) == Opinion::kAlive ? 1 : 0;
      dead += Deserved(i, shard.addr) == Opinion::kDead ? 1 : 0;
    }
    if (alive < 2 || dead > 0) continue;
    ++agreed;
    alone += Deserved(checker, shard.addr) == Opinion::kAlive ? 0 : 1;
  }
  return alone >= 2 && 10 * alone >= agreed;
}

const std::set<std::size_t>& Liveness::OutliersOf(const ClusterSpec& spec) const {
  const auto known = outliers_.find(spec.name);
  if (known != outliers_.end()) return known->second;
  std::set<std::size_t>& outliers = outliers_[spec.name];
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (IsLive(i) && IsOutlier(spec, i)) outliers.insert(i);
  }
  return outliers;
}

int Liveness::CountedVoters(const ClusterSpec& spec) const {
  const bool ignores = spec.outlier_votes == OutlierVotes::kIgnore;
  return LiveVoters() - (ignores ? static_cast<int>(OutliersOf(spec).size()) : 0);
}

std::optional<ShardStatus> Liveness::Voted(const ClusterSpec& spec, const Ledger& ledger,
                                           const std::string& addr) const {
  int alive = 0;
  int dead = 0;
  std::set<std::string> racks;
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (!IsLive(i)) continue;
    if (spec.outlier_votes == OutlierVotes::kIgnore && OutliersOf(spec).contains(i)) continue;
    if (Deserved(i, addr) == Opinion::kAlive) {
      ++alive;
    } else {
      ++dead;
      racks.insert(scene_.plan.checkers[i].rack);
    }
  }
  const int quorum = QuorumOf(spec, ledger);
  const bool may_live = alive >= quorum;
  const bool may_die =
      dead >= quorum && static_cast<int>(racks.size()) >= spec.min_racks.value_or(1);
  if (may_live == may_die) return std::nullopt;
  return may_live ? ShardStatus::kAlive : ShardStatus::kDead;
}

// With too few voters, a leader that does not know the old list or cannot read rows keeps the old
// status: a new one would make clients forget.
bool Liveness::MayStayBehind(const ClusterSpec& spec, const Ledger& ledger) const {
  return LiveVoters() < QuorumOf(spec, ledger);
}

void Liveness::MissingStatus(std::size_t cluster, const StoredSpec& standing,
                             std::vector<std::string>& missing) const {
  const std::string& name = scene_.clusters()[cluster];
  const auto head = scene_.HeadOf(cluster);
  Ledger ledger = scene_.LedgerOf(cluster);
  StoredSpec stored = standing;
  stored.spec = scene_.InForce(cluster, standing);
  // If the electorate is lost, the head says how large it was.
  if (ledger.electorate.empty() && head) ledger.at_least = head->electorate;
  for (const auto& id : ledger.electorate) {
    const bool known = std::any_of(scene_.plan.checkers.begin(), scene_.plan.checkers.end(),
                                   [&](const auto& checker) { return checker.id == id; });
    if (!known)
      missing.push_back(fmt::format("{}: no checker has id {}, which may vote", name, id));
  }
  if (!head || head->spec != stored.id) {
    if (MayStayBehind(stored.spec, ledger)) {
      ++excuses_[Excuse::kStatusBehind];
      EndOrders(ledger);
      MissingOrders(name, ledger, missing);
      return;
    }
    missing.push_back(name + ": the status is of an old spec");
    return;
  }
  const std::string letters = scene_.StatusesOf(cluster);
  for (std::size_t n = 0; n < stored.spec.shards.size(); ++n) {
    const ShardSpec& shard = stored.spec.shards[n];
    const auto owed = Owed(stored.spec, ledger, shard.addr);
    if (!owed) {
      const bool up = scene_.fleet.Get(shard.addr) == Server::kUp;
      const bool held = Voted(stored.spec, ledger, shard.addr).has_value();
      if (letters[n] == (up ? 'A' : 'D')) continue;
      ++excuses_[held ? Excuse::kDeathHeld : Excuse::kNoQuorum];
    }
    if (!owed || letters[n] == history::StatusLetter(*owed)) continue;
    missing.push_back(fmt::format("{}: shard {} is {}, should be {}", name, shard.name, letters[n],
                                  history::StatusLetter(*owed)));
  }
  if (MayStayBehind(stored.spec, ledger) && !IsReadable(cluster)) EndOrders(ledger);
  MissingEnds(name, stored.spec, ledger, letters, missing);
  MissingMirror(cluster, stored.spec, missing);
}

bool Liveness::IsReadable(std::size_t cluster) const {
  const auto head = scene_.HeadOf(cluster);
  for (std::size_t k = 0; k < ChunkCount(head ? head->shards : 0); ++k) {
    const auto node = scene_.ensemble.Get(scene_.Paths(cluster).chunk(k));
    if (!node || !DecodeChunk(node->data)) return false;
  }
  return true;
}

// A leader that may not write rows, see MayStayBehind, writes nothing: an order whose time is over
// holds nothing any more, and stays in the ledger.
void Liveness::EndOrders(Ledger& ledger) const {
  const Micros now = scene_.world.wall_now();
  const bool paused = ledger.pause && IsOver(*ledger.pause, now);
  if (paused) ledger.pause.reset();
  const auto ended =
      std::erase_if(ledger.maintenance, [&](const auto& each) { return IsOver(each.second, now); });
  if (paused || ended > 0) ++excuses_[Excuse::kStatusBehind];
}

void Liveness::MissingOrders(const std::string& name, const Ledger& ledger,
                             std::vector<std::string>& missing) {
  if (ledger.pause) missing.push_back(name + ": it is still paused");
  if (!ledger.maintenance.empty()) missing.push_back(name + ": maintenance has not ended");
}

// Orders with a limit have ended, and so has a freeze when few enough would be dead.
void Liveness::MissingEnds(const std::string& name, const ClusterSpec& spec, const Ledger& ledger,
                           std::string_view letters, std::vector<std::string>& missing) const {
  MissingOrders(name, ledger, missing);
  if (!ledger.freeze.frozen || CountedVoters(spec) < QuorumOf(spec, ledger)) return;
  double would_be_dead = 0;
  for (std::size_t n = 0; n < spec.shards.size(); ++n) {
    const auto voted = Voted(spec, ledger, spec.shards[n].addr);
    would_be_dead += voted == ShardStatus::kDead || (!voted && letters[n] == 'D') ? 1 : 0;
  }
  const double fraction = spec.max_dead_fraction.value_or(1);
  const auto all = static_cast<double>(spec.shards.size());
  const double allowed = std::max(1.0, std::floor(fraction * all + 1e-9));
  const double bound = std::clamp(std::ceil(0.75 * fraction * all - 1e-9), 1.0, allowed);
  if (fraction >= 1 || would_be_dead < bound) {
    missing.push_back(
        fmt::format("{}: still frozen, and {} of {} would be dead", name, would_be_dead, all));
  }
}

// The mirror for Go clients agrees with the rows, or is empty where it would be too large.
void Liveness::MissingMirror(std::size_t cluster, const ClusterSpec& spec,
                             std::vector<std::string>& missing) const {
  const ClusterPaths paths = scene_.Paths(cluster);
  StatusBoard board;
  for (std::size_t k = 0; k < ChunkCount(spec.shards.size()); ++k) {
    const auto node = scene_.ensemble.Get(paths.chunk(k));
    const auto rows = node ? DecodeChunk(node->data) : Result<std::vector<ShardState>>();
    if (!rows) {  // a missing status is reported elsewhere
      ++excuses_[Excuse::kMirrorOfLost];
      return;
    }
    board.shards.insert(board.shards.end(), rows->begin(), rows->end());
  }
  if (board.shards.size() != spec.shards.size()) return;
  const std::string wanted = EncodeMirror(spec.shards, board);
  const bool kept = wanted.size() <= spec.mirror_limit.value_or(65536);
  const auto node = scene_.ensemble.Get(paths.mirror());
  const bool right = kept ? node && node->data == wanted : !node || node->data == "{}";
  if (!right) missing.push_back(paths.name() + ": the mirror does not agree with the rows");
}

void Liveness::MissingTables(std::size_t cluster, const StoredSpec& stored,
                             std::vector<std::string>& missing) const {
  const std::string& name = scene_.clusters()[cluster];
  const auto head = scene_.HeadOf(cluster);
  const auto rows = scene_.ensemble.Get(scene_.Paths(cluster).chunk(0));
  const bool too_few = MayStayBehind(scene_.InForce(cluster, stored), scene_.LedgerOf(cluster));
  const bool lost = too_few && (!rows || !DecodeChunk(rows->data));
  // With too few voters an unreadable head stays, and readers keep what they have.
  const bool headless = too_few && !head;
  for (std::size_t i = 0; i < scene_.readers(); ++i) {
    const std::string who = fmt::format("{}: reader {}", name, i + 1);
    const auto& update = scene_.ReaderAt(i)->table(cluster);
    if (!update) {
      missing.push_back(who + " has no table");
    } else if (update->table->spec() != stored.spec) {
      missing.push_back(who + " has an old spec");
    } else if (headless || (head && (head->spec != stored.id || lost))) {
      // See MissingStatus: readers can carry over different parts of an older status.
      ++excuses_[Excuse::kReaderBehind];
    } else if (head && (update->epoch != head->epoch || update->sequence != head->sequence)) {
      missing.push_back(fmt::format("{} has epoch {} sequence {}, not {} {}", who, update->epoch,
                                    update->sequence, head->epoch, head->sequence));
    } else if (const std::string letters = Letters(update->table->board());
               !std::ranges::equal(letters, scene_.StatusesOf(cluster), [&](char seen, char row) {
                 if (row == '~' && seen != '?') ++excuses_[Excuse::kReaderKeeps];
                 return row == '~' || seen == row;
               })) {
      missing.push_back(fmt::format("{} sees {}, the status is {}", who, letters.substr(0, 40),
                                    scene_.StatusesOf(cluster).substr(0, 40)));
    }
  }
}

}  // namespace zkcluster::sim
