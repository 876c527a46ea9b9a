#include "tests/sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "codec/codec.h"

namespace zkcluster::sim {

const std::vector<FaultMachine::Kind>& FaultMachine::Kinds() {
  using M = FaultMachine;
  static const std::vector<Kind> kinds = {
      {"session mute", &M::MuteSession, 1, false},
      {"session cut", &M::CutSession, 1, false},
      {"session one-way", &M::MuteOneWay, 1, false},
      {"events late", &M::DelayEvents, 1, false},
      {"session expired", &M::ExpireSession, 1, false},
      {"connection reset", &M::ResetConnection, 1, false},
      {"answers lost", &M::LoseAnswers, 1.5, false},
      {"requests dropped", &M::DropRequests, 1, false},
      {"commit's answer lost", &M::LoseCommitAnswer, 1, false},
      {"server lags", &M::LagServer, 2, true},
      {"server cut off", &M::CutServer, 1, true},
      {"server stopped", &M::StopServer, 1, true},
      {"leading server stopped", &M::StopLeadingServer, 0.7, true},
      {"ensemble down", &M::StopEnsemble, 0.3, false},
      {"frozen", &M::Freeze, 1, false},
      {"frozen briefly", &M::FreezeBriefly, 1, false},
      {"slow loop", &M::SlowLoop, 1, false},
      {"crash", &M::Crash, 1, false},
      {"reload", &M::Reload, 1, false},
      {"reset amid a read", &M::ResetAmidRead, 1, false},
      {"leave", &M::Leave, 0.7, false},
      {"wall clock jumps", &M::JumpWallClock, 1, false},
      {"id used twice", &M::UseIdTwice, 0.5, false},
      {"reader restarts", &M::RestartReader, 0.5, false},
      {"operator crashes", &M::CrashOperator, 0.4, false},
      {"crash at commit", &M::CrashAtCommit, 0.6, false},
      {"frozen at commit", &M::FreezeAtCommit, 0.6, false},
      {"redis stops", &M::StopRedis, 3, false},
      {"redis hangs", &M::HangRedis, 2, false},
      {"redis loads", &M::LoadRedis, 1, false},
      {"redis full", &M::FillRedis, 1, false},
      {"redis unresolved", &M::HideRedis, 1, false},
      {"redis locked", &M::LockRedis, 0.5, false},
      {"redis flaps", &M::FlapRedis, 1.5, false},
      {"redis slow", &M::SlowRedis, 0.7, false},
      {"redis restarts", &M::RestartRedis, 1, false},
      {"many die", &M::KillMany, 1, false},
      {"cut from redis", &M::CutFromRedis, 1.5, false},
      {"cut from all redis", &M::CutFromAllRedis, 1, false},
      {"spec updated", &M::UpdateSpec, 2, false},
      {"two operators", &M::UpdateByTwo, 1, false},
      {"spec deleted", &M::DeleteSpec, 0.5, false},
      {"spec updated in commit", &M::UpdateInCommit, 1, false},
      {"spec deleted in commit", &M::DeleteInCommit, 0.3, false},
      {"busy voters", &M::BusyVoters, 1, false},
      {"voter gone in commit", &M::VoterGoneInCommit, 1, false},
      {"paused by operator", &M::Pause, 1, false, true},
      {"paused in commit", &M::PauseInCommit, 1, false, true},
      {"accepted at take-over", &M::AcceptAtTakeOver, 1, false},
      {"freeze lifted", &M::Unfreeze, 1, false, true},
      {"checker forgotten", &M::Forget, 0.5, false, true},
      {"spec piece in commit", &M::RewritePieceInCommit, 1.5, false, true},
      {"go checker in commit", &M::GoComesInCommit, 0.7, false, true},
      {"ballot corrupted", &M::CorruptBallot, 0.7, false},
      {"status corrupted", &M::CorruptStatus, 0.7, false},
      {"ledger corrupted", &M::CorruptLedger, 0.5, false},
      {"leader corrupted", &M::CorruptLeader, 0.5, false},
      {"spec corrupted", &M::CorruptSpec, 0.5, false},
      {"candidate touched", &M::TouchCandidate, 0.5, false},
      {"candidate removed", &M::RemoveCandidate, 0.5, false},
      {"ballot removed", &M::RemoveBallot, 0.5, false},
      {"parent removed", &M::RemoveParent, 0.4, false},
      {"litter", &M::Litter, 0.4, false},
      {"go checker", &M::GoComes, 0.5, false},
      {"maintenance", &M::Maintain, 1, false, true},
      {"maintenance in commit", &M::MaintainInCommit, 1, false, true},
      // New kinds are added at the end, so that the other faults of a seed stay as they are.
      {"voter begins in commit", &M::VoterBeginsInCommit, 1, false, true},
      {"ledger of tomorrow", &M::LedgerOfTomorrow, 0.5, false, false, true},
      {"spec of tomorrow", &M::SpecOfTomorrow, 0.5, false, false, true},
      {"name moves", &M::MoveName, 1.5, false, false, false, true},
      {"name gone", &M::LoseName, 1.5, false, false, false, true},
      {"bad name server", &M::DisturbNameServer, 1.5, false, false, false, true},
      {"name servers away", &M::TakeNameServers, 1.5, false, false, false, true},
      {"leader and shard die", &M::LeaderAndShardDie, 1.5, false},
      {"leader heard late", &M::DelayLeader, 1, false},
      {"ensemble slow", &M::SlowEnsemble, 0.7, false},
      {"disturbed at deposition", &M::DisturbDeposition, 1.5, false},
      {"all restart", &M::RestartAll, 0.4, false},
      {"all frozen", &M::FreezeAll, 0.4, false},
      {"backup restored", &M::RestoreBackup, 0.7, false},
      {"order for a time", &M::OrderForATime, 0.5, false},
      {"go interlude", &M::GoInterlude, 0.7, false},
      {"go manager", &M::GoManager, 0.7, false, true},
      {"chunk removed in commit", &M::RemoveChunkInCommit, 0.4, false},
  };
  return kinds;
}

bool& OrdersByHand() {
  static bool on = false;
  return on;
}

FaultPlan DrawFaults(const ScenePlan& scene) {
  Dice dice(scene.seed, "faults");
  bool near_wrap = false;
  for (const auto& cluster : scene.clusters) near_wrap |= cluster.first_sequence != 0;
  FaultPlan plan;
  plan.pause = dice.LogBetween(std::chrono::milliseconds(60), std::chrono::milliseconds(2500));
  const double share = 0.15 + 0.75 * dice.Unit();  // the share of the kinds that are on
  for (const auto& kind : FaultMachine::Kinds()) {
    bool on = dice.Chance(share) && (scene.servers > 1 || !kind.servers);
    // Near the wrap a later candidate may have the smaller number, so of two daemons with one id
    // nobody knows which has to wait. (They share one ballot, so nothing is counted twice.)
    if (near_wrap && kind.name == "id used twice") on = false;
    if (kind.by_hand && !OrdersByHand()) on = false;
    if (kind.formats && !scene.two_formats) on = false;
    if (kind.names && !scene.named) on = false;
    plan.weights.push_back(on ? kind.weight * (0.3 + dice.Unit()) : 0);
  }
  // Without some deaths there is nothing to decide.
  const auto& kinds = FaultMachine::Kinds();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].name == "redis stops") plan.weights[i] = std::max(plan.weights[i], 1.0);
  }
  return plan;
}

std::string FaultPlan::Describe() const {
  std::string names;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(FaultMachine::Kinds()[i].name);
  }
  return fmt::format("a fault each {:.1f} s of: {}\n", std::chrono::duration<double>(pause).count(),
                     names);
}

FaultMachine::FaultMachine(Scene& scene, FaultPlan plan)
    : scene_(scene), plan_(std::move(plan)), dice_(scene.plan.seed, "fault machine") {
  scene_.OnArrival([this](const Arrival& arrival) { return OnArrival(arrival); });
}

void FaultMachine::Start() {
  running_ = true;
  After(dice_.Between(Duration::zero(), plan_.pause), [this] { Tick(); });
}

void FaultMachine::Stop() {
  running_ = false;
  commits_armed_ = 0;
  at_deposition_ = nullptr;
  at_take_over_ = nullptr;
  reads_to_reset_ = 0;
  lifetime_.Reset();
  orders_arrive_until_ = scene_.world.now() + kSlowestWrite;
  LiftOrders();
}

double FaultMachine::Weight(void (FaultMachine::*inject)()) const {
  for (std::size_t i = 0; i < Kinds().size(); ++i) {
    if (Kinds()[i].inject == inject) return plan_.weights[i];
  }
  return 0;
}

void FaultMachine::After(Duration delay, std::function<void()> task) {
  scene_.world.After(delay, nullptr, lifetime_.Guard(std::move(task)));
}

void FaultMachine::Tick() {
  if (!running_ || scene_.violation()) return;
  // An operator eventually starts every checker again that was refused or has left.
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (scene_.Checker(i) == nullptr && dice_.Chance(0.08)) scene_.StartChecker(i);
  }
  for (std::size_t i = 0; i < scene_.operators(); ++i) {
    if (scene_.OperatorAt(i) == nullptr && dice_.Chance(0.2)) scene_.StartOperator(i);
  }
  const double total = std::accumulate(plan_.weights.begin(), plan_.weights.end(), 0.0);
  double drawn = dice_.Unit() * total;
  for (std::size_t i = 0; i < plan_.weights.size(); ++i) {
    drawn -= plan_.weights[i];
    if (drawn >= 0 || plan_.weights[i] == 0) continue;
    scene_.counters.Add("fault " + std::string(Kinds()[i].name));
    (this->*Kinds()[i].inject)();
    break;
  }
  // Sometimes two faults come together.
  const Duration pause = dice_.Chance(0.15) ? dice_.Between(Duration::zero(), plan_.pause / 20)
                                            : dice_.Between(plan_.pause / 2, plan_.pause * 3 / 2);
  After(pause, [this] { Tick(); });
}

// --- the victims ---

std::size_t FaultMachine::PickChecker() {
  if (dice_.Chance(0.4)) {
    if (const auto leading = scene_.LeadingChecker(PickCluster())) return *leading;
  }
  return dice_.Below(scene_.plan.checkers.size());
}

Life FaultMachine::PickLife() {
  if (dice_.Chance(0.7)) {
    const std::size_t index = PickChecker();
    if (scene_.Checker(index) != nullptr) return *scene_.FindLife(scene_.CheckerLife(index));
  }
  return dice_.Pick(scene_.Lives());
}

std::vector<std::string> FaultMachine::AddressesInUse() {
  std::vector<std::string> addresses;
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    const auto stored = scene_.SpecOf(k);
    const ClusterSpec& spec = stored ? stored->spec : scene_.plan.clusters[k].spec;
    for (const auto& shard : spec.shards) addresses.push_back(shard.addr);
  }
  return addresses;
}

std::string FaultMachine::PickAddress() {
  return dice_.Pick(AddressesInUse());
}

Operator* FaultMachine::FreeOperator() {
  const std::size_t first = dice_.Below(scene_.operators());
  for (std::size_t i = 0; i < scene_.operators(); ++i) {
    Operator* const one = scene_.OperatorAt((first + i) % scene_.operators());
    if (one != nullptr && !one->busy()) return one;
  }
  return nullptr;
}

void FaultMachine::WithClient(std::uint64_t life, const std::function<void(zk::Client&)>& task) {
  if (const Life* const alive = scene_.FindLife(life)) task(*alive->client);
}

void FaultMachine::RestartSoon(std::size_t checker) {
  const Duration timeout = scene_.plan.checkers[checker].session_timeout;
  After(dice_.LogBetween(std::chrono::milliseconds(10), 3 * timeout), [this, checker] {
    if (scene_.Checker(checker) == nullptr) scene_.StartChecker(checker);
  });
}

// --- between a leader's tally and its commit ---

void FaultMachine::AtNextCommits(int times, std::function<void(const Arrival&, std::size_t)> task) {
  commits_armed_ = times;
  at_commit_ = std::move(task);
}

std::optional<std::size_t> FaultMachine::TakeOverIn(const Arrival& arrival) const {
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    const std::string leader = scene_.Paths(k).leader();
    const bool takes_over = std::ranges::any_of(arrival.request.ops, [&](const zk::Op& op) {
      const auto* const set = std::get_if<zk::SetOp>(&op);
      return set != nullptr && set->path == leader;
    });
    if (takes_over) return k;
  }
  return std::nullopt;
}

// A take-over that ends the candidacy of others.
std::optional<std::size_t> FaultMachine::DepositionIn(const Arrival& arrival) const {
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    const std::string election = scene_.Paths(k).election() + "/";
    const std::string leader = scene_.Paths(k).leader();
    const auto& ops = arrival.request.ops;
    const bool takes_over = std::ranges::any_of(ops, [&](const zk::Op& op) {
      return std::visit([&](const auto& one) { return one.path == leader; }, op);
    });
    const bool deletes = std::ranges::any_of(ops, [&](const zk::Op& op) {
      const auto* const gone = std::get_if<zk::DeleteOp>(&op);
      return gone != nullptr && gone->path.starts_with(election);
    });
    if (takes_over && deletes) return k;
  }
  return std::nullopt;
}

Fate FaultMachine::OnArrival(const Arrival& arrival) {
  const Verb verb = arrival.request.verb;
  const bool reads = verb == Verb::kGet || verb == Verb::kExists || verb == Verb::kChildren;
  if (reads && reads_to_reset_ > 0 && --reads_to_reset_ == 0) {
    if (const Life* const life = scene_.LifeOf(arrival.process)) {
      NoteFault(life->name + "'s connection is reset as it reads " + arrival.request.path);
      scene_.ensemble.Reset(*life->client);
    }
    return Fate::kServe;
  }
  if (at_take_over_ && verb == Verb::kMulti) {
    if (const auto cluster = TakeOverIn(arrival)) std::exchange(at_take_over_, nullptr)(*cluster);
  }
  if (at_deposition_ && arrival.request.verb == Verb::kMulti) {
    if (const auto cluster = DepositionIn(arrival)) {
      const auto task = std::exchange(at_deposition_, nullptr);
      return task(arrival, *cluster);
    }
  }
  if (commits_armed_ == 0 || arrival.request.verb != Verb::kMulti) return Fate::kServe;
  for (const auto& op : arrival.request.ops) {
    const auto* const set = std::get_if<zk::SetOp>(&op);
    if (set == nullptr || !set->path.ends_with("/quorum/head")) continue;
    for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
      if (scene_.Paths(k).head() != set->path) continue;
      --commits_armed_;
      const auto task = at_commit_;
      task(arrival, k);
      return Fate::kServe;
    }
  }
  return Fate::kServe;
}

}  // namespace zkcluster::sim
