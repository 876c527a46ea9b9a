#include "checker/cluster/participant.h"

#include <algorithm>
#include <map>
#include <utility>

#include "checker/rules/decide.h"
#include "codec/codec.h"
#include "codec/spec_size.h"
#include "model/limits.h"
#include "model/spec_diff.h"

namespace zkcluster {

HealthSettings ResolveHealth(const ProbeSpec& spec, const HealthSettings& defaults) {
  HealthSettings health;
  health.interval = spec.interval.value_or(defaults.interval);
  health.timeout = spec.timeout.value_or(defaults.timeout);
  health.threshold = spec.threshold.value_or(defaults.threshold);
  health.refused_threshold = spec.refused_threshold.value_or(defaults.refused_threshold);
  health.fast_interval = spec.fast_interval.value_or(defaults.fast_interval);
  return health;
}

Participant::Participant(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool,
                         ClusterPaths paths, Registrant identity, ProbeDefaults defaults,
                         IdRefused id_refused, OnEvent on_event)
    : loop_(loop),
      logger_(logger),
      client_(client),
      pool_(pool),
      paths_(std::move(paths)),
      identity_(std::move(identity)),
      defaults_(std::move(defaults)),
      id_refused_(std::move(id_refused)),
      on_event_(std::move(on_event)),
      group_(pool.NewGroup()),
      storm_end_(loop.NewTimer([this] { LogStorm(); })),
      retry_(loop.NewTimer([this] { OnSpec(spec_watcher_->state()); })),
      backoff_(std::chrono::milliseconds(100), std::chrono::seconds(5)),
      voter_(ClusterScope{loop, logger, client, paths_}, identity_.id,
             identity_.registration.rack) {
  spec_watcher_ = std::make_unique<SpecWatcher>(
      loop_, client_, paths_, [this](const SpecWatcher::State& state) { OnSpec(state); });
}

Participant::~Participant() {
  StopProbing();
  pool_.DropGroup(group_);
}

void Participant::OnSpec(const SpecWatcher::State& state) {
  if (leaving_) return;
  if (state.trouble != trouble_) {
    trouble_ = state.trouble;
    // An absent cluster is its Roster's business.
    if (trouble_ == SpecWatcher::Trouble::kIncomplete) {
      logger_.Error("spec.incomplete", {{"cluster", paths_.name()}, {"error", state.error}});
    } else if (trouble_ == SpecWatcher::Trouble::kBad) {
      logger_.Error("spec.bad", {{"cluster", paths_.name()}, {"error", state.error}});
    }
  }
  if (!state.spec || trouble_ == SpecWatcher::Trouble::kAbsent) return;
  if (!penalties_read_) return ReadPenalties();
  const bool restood = standing_ != state.standing;
  standing_ = state.standing;
  if (spec_ != state.spec) {
    TakeSpec(*state.spec);
  } else if (restood && leader_) {
    leader_->SetSpec(InForce());
  }
}

// What a flapping shard owes must not be forgiven because a checker was restarted.
void Participant::ReadPenalties() {
  client_.Get(paths_.ledger(), {}, lifetime_.Guard([this](Result<zk::Node> node) {
    if (!node && node.error().code != ErrorCode::kNotFound) {
      retry_->Arm(backoff_.Next(loop_.Random()));
      return;
    }
    if (node) {
      if (auto ledger = DecodeLedger(node->data)) penalties_ = std::move(ledger->penalties);
    }
    penalties_read_ = true;
    OnSpec(spec_watcher_->state());
  }));
}

int Participant::RequiredFor(const std::string& shard) const {
  const auto known = penalties_.find(shard);
  if (known == penalties_.end()) return 1;
  const int owed = DecayedPenalty(known->second, true, loop_.WallNow(), health_.interval);
  // DecayedPenalty tells what the next death will ask for, twice what the last one did.
  return std::clamp(owed / 2, 1, MaxRequired(health_.threshold, health_.interval));
}

void Participant::TakeSpec(StoredSpec stored) {
  const ClusterSpec& spec = stored.spec;
  const HealthSettings health = ResolveHealth(spec.probe, defaults_.health);
  if (spec_) {
    const SpecDiff diff = DiffSpecs(spec_->spec, spec);
    logger_.Info("spec.changed", {{"cluster", paths_.name()},
                                  {"version", spec.version},
                                  {"added", diff.added.size()},
                                  {"removed", diff.removed.size()},
                                  {"moved", diff.moved.size()},
                                  {"settings", diff.settings.size()}});
  } else {
    logger_.Info(
        "spec.taken",
        {{"cluster", paths_.name()}, {"version", spec.version}, {"shards", spec.shards.size()}});
  }
  if (const auto bytes = BytesNearLimit(spec)) {
    logger_.Warn("spec.near_limit", {{"cluster", paths_.name()},
                                     {"version", spec.version},
                                     {"bytes", *bytes},
                                     {"limit", kMaxShardsBytes}});
  }

  // A shard that kept name and address keeps its history; one that moved is another server.
  std::map<std::pair<std::string, std::string>, Server> old;
  for (auto& server : servers_) {
    auto key = std::make_pair(server.shard.name, server.shard.addr);
    old.emplace(std::move(key), std::move(server));
  }
  const bool retune = health != health_;
  health_ = health;
  servers_.clear();
  index_.clear();
  for (std::size_t n = 0; n < spec.shards.size(); ++n) {
    const auto known = old.find({spec.shards[n].name, spec.shards[n].addr});
    if (known != old.end()) {
      servers_.push_back(std::move(known->second));
      old.erase(known);
      if (retune) pool_.Retune(servers_.back().handle, health_);
    } else {
      servers_.push_back({spec.shards[n], 0, {}});
      StartProbing(servers_.back(), n, spec.shards.size());
    }
    index_.emplace(servers_.back().handle, n);
  }
  for (const auto& gone : old) pool_.Unwatch(gone.second.handle);

  std::vector<Vote> votes;
  votes.reserve(servers_.size());
  for (const auto& server : servers_) votes.push_back(server.vote);
  lists_.Add(stored.id.shards_zxid, spec.shards);
  spec_ = std::move(stored);
  // Probes are spread over half an interval and end within a timeout.
  voter_.SetSpec(spec_->id, std::move(votes), health_.interval / 2 + 2 * health_.timeout);
  if (leader_) leader_->SetSpec(InForce());
  if (contender_) return;
  Contender::Callbacks callbacks;
  callbacks.registered = [this](const std::string& candidate) {
    registered_ = true;
    voter_.Enable(candidate);
  };
  callbacks.unregistered = [this] {
    registered_ = false;
    voter_.Disable();
  };
  callbacks.elected = [this](const Leadership& leadership) { OnElected(leadership); };
  callbacks.deposed = [this] { leader_ = nullptr; };
  callbacks.refused = id_refused_;
  contender_ = std::make_unique<Contender>(ClusterScope{loop_, logger_, client_, paths_}, identity_,
                                           std::move(callbacks));
  FollowLeader();
}

void Participant::SetDefaults(ProbeDefaults defaults) {
  const bool asks_differently =
      defaults.question != defaults_.question || defaults.tls != defaults_.tls;
  defaults_ = std::move(defaults);
  if (!spec_ || leaving_) return;
  if (asks_differently) {
    for (const auto& server : servers_) {
      pool_.SetQuestion(server.handle, defaults_.question, defaults_.tls);
    }
  }
  const HealthSettings health = ResolveHealth(spec_->spec.probe, defaults_.health);
  if (health == health_) return;
  health_ = health;
  for (const auto& server : servers_) pool_.Retune(server.handle, health_);
  if (leader_) leader_->SetSpec(InForce());
}

void Participant::StartProbing(Server& server, std::size_t n, std::size_t count) {
  ServerToProbe probe;
  probe.target = {server.shard.addr, defaults_.question, defaults_.tls};
  probe.settings = health_;
  probe.required = RequiredFor(server.shard.name);
  probe.group = group_;
  probe.first_delay = FirstDelay(n, count, health_.interval / 2, loop_.Random());
  server.handle =
      pool_.Watch(std::move(probe), [this](const ServerReport& report) { OnReport(report); });
}

void Participant::StopProbing() {
  for (const auto& server : servers_) pool_.Unwatch(server.handle);
  servers_.clear();
  index_.clear();
}

void Participant::OnReport(const ServerReport& report) {
  const auto found = index_.find(report.handle);
  if (found == index_.end() || leaving_) return;
  std::visit([&](const auto& news) { OnNews(found->second, news); }, report.news);
}

void Participant::OnNews(std::size_t n, const Vote& vote) {
  LogOpinion(servers_[n], vote);
  servers_[n].vote = vote;
  voter_.SetVote(n, vote);
}

void Participant::OnNews(std::size_t n, ProbeAlarm alarm) {
  LogAlarm(servers_[n], alarm);
}

SharedSpec Participant::InForce() const {
  return std::make_shared<const SpecInForce>(
      SpecInForce{*spec_, standing_, health_.interval, health_.threshold});
}

void Participant::OnElected(const Leadership& leadership) {
  Leader::Callbacks callbacks;
  callbacks.lost = [this](std::string_view why) { contender_->StepDown(why); };
  callbacks.respec = [this] { spec_watcher_->Refresh(); };
  callbacks.committed = [this](const std::vector<Change>& changes,
                               const std::vector<Event>& events) { OnCommitted(changes, events); };
  leader_ = std::make_unique<Leader>(ClusterScope{loop_, logger_, client_, paths_}, leadership,
                                     lists_, InForce(), identity_.formats,
                                     std::move(callbacks));
  TellTakeOver(leadership.record);
}

void Participant::Leave(std::function<void()> done) {
  leaving_ = true;
  StopProbing();
  std::vector<zk::Op> ballot = voter_.Withdraw();
  if (!contender_) return done();
  contender_->Leave(std::move(ballot), std::move(done));
}

Participant::Summary Participant::summary() const {
  Summary summary;
  summary.leading = contender_ && contender_->leading();
  summary.frozen = leader_ && leader_->frozen();
  summary.paused = leader_ && leader_->paused();
  summary.shards = servers_.size();
  for (const Server& server : servers_) {
    ++summary.opinions[static_cast<std::size_t>(server.vote.opinion)];
  }
  return summary;
}

}  // namespace zkcluster
