#include "checker/cluster/participant.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "codec/spec_size.h"
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

Participant::Participant(ClusterScope scope, ProbePool& pool, Registrant identity,
                         ProbeDefaults defaults, Callbacks callbacks)
    : scope_(std::move(scope)),
      identity_(std::move(identity)),
      callbacks_(std::move(callbacks)),
      default_health_(defaults.health),
      penalties_(scope_, [this] { OnSpec(); }),
      opinion_log_(scope_),
      decisions_(scope_.paths.name(), callbacks_.event),
      probes_(scope_.loop, pool, std::move(defaults.access),
              [this](std::size_t server, const ServerReport& report) { OnReport(server, report); }),
      voter_(scope_, identity_.id, identity_.registration.rack) {
  spec_watcher_ = std::make_unique<SpecWatcher>(scope_.loop, scope_.client, scope_.paths,
                                                [this](const SpecWatcher::State&) { OnSpec(); });
}

Participant::~Participant() = default;

void Participant::OnSpec() {
  if (leaving_) return;
  const SpecWatcher::State& state = spec_watcher_->state();
  NoteTrouble(state);
  if (!state.spec || trouble_ == SpecWatcher::Trouble::kAbsent) return;
  // The restart of a checker must not forgive the penalty of a flapping shard.
  if (!penalties_.known()) return penalties_.Read();
  Adopt(std::make_shared<const SpecInForce>(SpecInForce{
      state.spec, state.standing, ResolveHealth(state.spec->spec.probe, default_health_)}));
}

void Participant::NoteTrouble(const SpecWatcher::State& state) {
  if (state.trouble == trouble_) return;
  trouble_ = state.trouble;
  // The Roster handles an absent cluster.
  if (trouble_ == SpecWatcher::Trouble::kIncomplete) {
    scope_.logger.Error("spec.incomplete",
                        {{"cluster", scope_.paths.name()}, {"error", state.error}});
  } else if (trouble_ == SpecWatcher::Trouble::kBad) {
    scope_.logger.Error("spec.bad", {{"cluster", scope_.paths.name()}, {"error", state.error}});
  }
}

// The only place where the spec in force changes.
void Participant::Adopt(SharedSpec spec) {
  const SharedSpec old = spec_;
  const bool other_spec = !old || (old->stored != spec->stored && *old->stored != *spec->stored);
  const bool other_times = !old || old->health != spec->health;
  if (!other_spec && !other_times && old->standing == spec->standing) return;
  if (other_spec) LogSpec(*spec->stored);
  spec_ = std::move(spec);
  if (other_spec) {
    ProbeServers();
  } else if (other_times) {
    probes_.Retune(spec_);
  }
  if (leader_) leader_->SetSpec(spec_);
  if (shadow_) shadow_->SetSpec(spec_);
  if (!contender_) EnterElection();
}

// Starts to probe the spec's servers and to vote on them. A server that was in the list before
// keeps its vote.
void Participant::ProbeServers() {
  // The ledger was read once, for the list that this checker found when it joined. A server that
  // comes later, or moves to another address, is new.
  const bool joins = probes_.servers().empty();
  const ServerProbes::Places former =
      probes_.Follow(spec_, [this, joins](const std::string& shard) {
        return joins ? penalties_.Of(shard) : FormerDeaths{};
      });
  std::vector<Vote> votes(former.size());
  for (std::size_t n = 0; n < votes.size(); ++n) {
    if (former[n]) votes[n] = voter_.votes()[*former[n]];
  }
  lists_.Add(spec_->id().shards_zxid, spec_->spec().shards);
  // Probes are spread over half an interval and end within a timeout.
  const Duration patience = spec_->health.interval / 2 + 2 * spec_->health.timeout;
  voter_.SetSpec(spec_->id(), std::move(votes), patience);
}

// Enters the election, once there is a good spec.
void Participant::EnterElection() {
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
  callbacks.refused = callbacks_.id_refused;
  callbacks.following = [this](const std::vector<Candidate>& before) { OnLine(before); };
  contender_ = std::make_unique<Contender>(scope_, identity_, std::move(callbacks));
  last_leader_ = std::make_unique<LastLeader>(scope_);
}

void Participant::SetDefaults(ProbeDefaults defaults) {
  default_health_ = defaults.health;
  if (leaving_) return;
  probes_.SetAccess(std::move(defaults.access));
  if (!spec_) return;
  Adopt(std::make_shared<const SpecInForce>(SpecInForce{
      spec_->stored, spec_->standing, ResolveHealth(spec_->spec().probe, default_health_)}));
}

void Participant::OnReport(std::size_t server, const ServerReport& report) {
  if (leaving_) return;
  const Overloaded note{
      [&](const Vote& vote) {
        opinion_log_.NoteOpinion(NameOf(server), voter_.votes()[server], vote);
        voter_.SetVote(server, vote);
      },
      [&](ProbeAlarm alarm) { opinion_log_.NoteAlarm(NameOf(server), alarm); },
      [&](const Returning& back) { voter_.SetReturning(server, back.required, back.good); },
  };
  std::visit(note, report.news);
}

void Participant::OnElected(const Leadership& leadership) {
  Leader::Callbacks callbacks;
  callbacks.lost = [this](std::string_view why) { contender_->StepDown(why); };
  callbacks.respec = [this] { spec_watcher_->Refresh(); };
  callbacks.committed = [this](const std::vector<Change>& changes,
                               const std::vector<Event>& events) {
    decisions_.Committed(changes, events);
  };
  leader_ = std::make_unique<Leader>(scope_, leadership, lists_, spec_, identity_.formats,
                                     std::move(callbacks));
  decisions_.TookOver(leadership.record);
}

// The next two in line are the leader's shadows.
void Participant::OnLine(const std::vector<Candidate>& before) {
  if (before.empty() || before.size() > kShadows) {
    shadow_ = nullptr;
  } else if (shadow_) {
    shadow_->SetLine(before);
  } else {
    shadow_ = std::make_unique<Shadow>(
        scope_, lists_, spec_, before,
        [this](Deposition deposition) { contender_->Depose(std::move(deposition)); });
  }
}

void Participant::Leave(std::function<void()> done) {
  leaving_ = true;
  probes_.Stop();
  std::vector<zk::Op> ballot = voter_.Withdraw();
  if (!contender_) return done();
  contender_->Leave(std::move(ballot), std::move(done));
}

void Participant::LogSpec(const StoredSpec& next) const {
  const ClusterSpec& spec = next.spec;
  if (spec_) {
    const SpecDiff diff = DiffSpecs(spec_->spec(), spec);
    scope_.logger.Info("spec.changed", {{"cluster", scope_.paths.name()},
                                        {"version", spec.version},
                                        {"added", diff.added.size()},
                                        {"removed", diff.removed.size()},
                                        {"moved", diff.moved.size()},
                                        {"settings", diff.settings.size()}});
  } else {
    scope_.logger.Info("spec.taken", {{"cluster", scope_.paths.name()},
                                      {"version", spec.version},
                                      {"shards", spec.shards.size()}});
  }
  if (const auto bytes = BytesNearLimit(spec)) {
    scope_.logger.Warn("spec.near_limit", {{"cluster", scope_.paths.name()},
                                           {"version", spec.version},
                                           {"bytes", *bytes},
                                           {"limit", kMaxShardsBytes}});
  }
}

OpinionLog::Server Participant::NameOf(std::size_t server) const {
  return {probes_.ShardOf(server), probes_.Addr(server)};
}

std::vector<ListedShard> Participant::DeadServers() const {
  std::vector<ListedShard> dead;
  const auto& votes = voter_.votes();
  const std::size_t all = std::min(kMaxShardsListed, voter_.opinions()[Opinion::kDead]);
  for (std::size_t n = 0; n < probes_.servers().size() && dead.size() < all; ++n) {
    if (votes[n].opinion != Opinion::kDead) continue;
    dead.push_back({probes_.ShardOf(n), probes_.Addr(n), votes[n].reason, Micros(0)});
  }
  return dead;
}

ClusterFacts Participant::facts(FactsDepth depth) const {
  ClusterFacts facts;
  facts.group = probes_.group();
  facts.spec_version = spec_ ? spec_->spec().version : 0;
  facts.registered = registered_;
  facts.leading = contender_ && contender_->leading();
  // Probing ends as soon as this checker leaves, and with it its opinions.
  if (spec_ && !leaving_) {
    facts.shards = spec_->spec().shards.size();
    facts.opinions = voter_.opinions();
    if (depth == FactsDepth::kShards) facts.dead = DeadServers();
  }
  facts.ballot_allowed = spec_ || trouble_ == SpecWatcher::Trouble::kNone;
  facts.ballot_published = voter_.published();
  facts.ballot_age = voter_.age();
  if (last_leader_ && last_leader_->record()) {
    facts.leader = last_leader_->record()->id;
    facts.epoch = last_leader_->record()->epoch;
  }
  facts.shadow = shadow_ != nullptr;
  if (shadow_) facts.owed = shadow_->owed().value_or(Duration::zero());
  facts.depositions = decisions_.depositions();
  facts.flips = decisions_.flips();
  if (leader_) facts.led = leader_->facts(depth);
  return facts;
}

}  // namespace zkcluster
