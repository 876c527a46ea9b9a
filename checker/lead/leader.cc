#include "checker/lead/leader.h"

#include <algorithm>
#include <utility>

#include "checker/rules/round.h"
#include "codec/codec.h"
#include "model/servers.h"

namespace zkcluster {

namespace {

// ZooKeeper's clock may be set: check it regularly rather than trust one long timer. (Micros:
// centuries in them do not fit into a Duration.)
constexpr Micros kOrderRecheck = std::chrono::seconds(10);

}  // namespace

Leader::Leader(const ClusterScope& scope, Leadership leadership, const KnownLists& lists,
               SharedSpec spec, Formats formats, Callbacks callbacks)
    : scope_(scope),
      leadership_(std::move(leadership)),
      lists_(lists),
      callbacks_(std::move(callbacks)),
      spec_(std::move(spec)),
      format_(scope_.logger, scope_.client, scope_.paths, std::move(formats)),
      inputs_(scope_, [this] { Changed(); }),
      store_(scope_, {.changed = [this] { Changed(); },
                      .gone = [this](std::string_view why) { callbacks_.lost(why); }}),
      log_(scope_.loop, scope_.logger, scope_.paths.name(), leadership_.record.epoch),
      trimmer_(scope_),
      sweeper_(scope_, leadership_),
      backoff_(std::chrono::milliseconds(50), std::chrono::seconds(5)),
      retry_(scope_.loop.NewTimer([this] { Changed(); })),
      order_end_(scope_.loop.NewTimer([this] { Changed(); })),
      pace_end_(scope_.loop.NewTimer([this] { Changed(); })) {
  Changed();
}

void Leader::Enter(State state) {
  static constexpr std::string_view kNames[] = {"loading", "idle", "committing"};
  const bool same = state.index() == state_.index();
  state_ = std::move(state);
  if (same) return;
  scope_.logger.Debug("leader.state",
                      {{"cluster", scope_.paths.name()}, {"state", kNames[state_.index()]}});
}

void Leader::SetSpec(SharedSpec spec) {
  spec_ = std::move(spec);
  Changed();
}

void Leader::Changed() {
  if (std::exchange(scheduled_, true)) return;
  // A turn later, so that simultaneous changes are counted together.
  scope_.loop.Post(lifetime_.Guard([this] {
    scheduled_ = false;
    Reconsider();
  }));
}

// (The take-over was a write, so ZooKeeper's time is known.)
bool Leader::Ready() const {
  return scope_.client.state() == SessionState::kConnected && scope_.client.server_time() &&
         store_.ready() && inputs_.known();
}

Micros Leader::Now() const {
  return scope_.client.server_time().value_or(scope_.loop.WallNow());
}

void Leader::Reconsider() {
  // The next commit would find out. But while nothing flips there is none, and readers of `leader`
  // would get a wrong answer, or none.
  if (inputs_.LostToken(leadership_.token)) {
    return callbacks_.lost("the leader's record was written or removed by somebody else");
  }
  format_.OnCandidates(inputs_.candidate_nodes());
  if (std::holds_alternative<Committing>(state_)) {
    news_ = true;
    return;
  }
  store_.Refresh();
  if (!Ready()) return Enter(Loading{});
  sweeper_.Sweep(inputs_.ghosts());
  Enter(Idle{});
  if (const Duration wait = pace_.Wait(scope_.loop.Now()); wait > Duration::zero()) {
    return pace_end_->Arm(wait);
  }
  Act(Concluded());
}

Round Leader::Concluded() const {
  const CarriedBoard board = store_.BoardFor(*spec_->stored, lists_);
  RoundInput input =
      inputs_.InputOf(*spec_, {.head = store_.head(),
                               .has_head = store_.slot({SlotId::Kind::kHead}).version.has_value(),
                               .board = board,
                               .ledger = store_.ledger()});
  input.wall = Now();
  input.last_hold = hold_;
  input.vote_refusals = vote_refusals_;
  return Conclude(input);
}

void Leader::Act(Round round) {
  hold_ = round.hold;
  log_.NoteHold(round.hold, store_.ledger());
  if (round.step == Round::Step::kWait) return;
  if (round.step == Round::Step::kYield) {
    const CommitInput input = InputOf(round);
    if (CommitPlan plan = PlanYield(input, std::move(round)); !plan.empty) Submit(std::move(plan));
    return;
  }
  if (round.step == Round::Step::kReload) {
    store_.Forget();
    store_.Refresh();
    return Enter(Loading{});
  }
  WaitForOrders();
  count_ = CountOf(round, spec_->spec().shards, count_, Now());
  log_.Counted(round);
  roll_call_.Observe(round.electorate, inputs_.candidates(), inputs_.ballots(),
                     store_.head() ? store_.head()->leader : std::string());
  if (round.step == Round::Step::kRefuse) return;
  log_.Decided(round.decision, store_.ledger(), Now());
  const CommitInput input = InputOf(round);
  if (round.step == Round::Step::kKeep) {
    if (CommitPlan plan = PlanRestore(input, std::move(round)); !plan.empty)
      Submit(std::move(plan));
    return;
  }
  CommitPlan plan = PlanCommit(input, std::move(round));
  if (plan.empty) {
    vote_refusals_ = 0;
    return;
  }
  log_.Learned(plan.round);
  Submit(std::move(plan));
}

// They are written with the next commit, or by one of their own.
std::vector<Contribution> Leader::RollCallNews(const Round& round) const {
  std::vector<Contribution> news;
  for (const Event::What& what : roll_call_.news()) {
    Event event;
    event.what = what;
    event.at = Now();
    event.leader = leadership_.record.id;
    event.epoch = leadership_.record.epoch;
    event.quorum = round.electorate.quorum;
    event.spec_version = spec_->id().version;
    news.push_back({"roll call",
                    {zk::CreateOp{scope_.paths.event_prefix(), EncodeEvent(event),
                                  zk::CreateMode::kPersistentSequential}}});
  }
  return news;
}

CommitInput Leader::InputOf(const Round& round) const {
  CommitInput input{.paths = scope_.paths,
                    .leadership = leadership_,
                    .spec = *spec_,
                    .store = store_,
                    .format = format_.now(),
                    .votes = {},
                    .vote_signal = inputs_.vote_signal(),
                    .go_signal = inputs_.go_signal(),
                    .contributions = RollCallNews(round),
                    .now = Now()};
  if (round.checks_votes) {
    for (const auto& id : round.voters) input.votes.emplace(id, inputs_.ballot_version(id));
  }
  return input;
}

void Leader::Submit(CommitPlan plan) {
  news_ = false;
  std::vector<zk::Op> operations = plan.Operations();
  Enter(Committing{std::move(plan)});
  scope_.client.Multi(std::move(operations),
                      lifetime_.Guard([this](const zk::MultiResult& results) {
                        const CommitPlan done = std::move(std::get<Committing>(state_).plan);
                        Enter(Idle{});
                        if (results) {
                          OnCommitted(done, *results);
                        } else {
                          OnRefused(done, results.error());
                        }
                      }));
}

void Leader::OnCommitted(const CommitPlan& plan, const std::vector<zk::OpResult>& results) {
  if (plan.kind != CommitPlan::Kind::kDecision) {
    backoff_.Reset();
    if (plan.kind == CommitPlan::Kind::kYield) log_.Yielded();
    if (plan.kind == CommitPlan::Kind::kRestore) log_.Restored(scope_.paths.ledger());
    store_.Forget();
    return Changed();
  }
  const std::vector<Change>& changes = plan.round.decision.changes;
  store_.Committed(plan, results);
  roll_call_.Journaled(static_cast<std::size_t>(
      std::ranges::count(plan.ops, OpRole::kContributed, &PlannedOp::role)));
  vote_refusals_ = 0;
  pace_.Wrote(scope_.loop.Now(), CountOf<Flip>(changes));
  backoff_.Reset();
  log_.Committed(plan.round, spec_->spec());
  callbacks_.committed(changes, plan.events);
  trimmer_.Committed();
  Changed();  // votes may have changed during the commit
}

void Leader::OnRefused(const CommitPlan& plan, const zk::OpError& error) {
  const Refusal refusal = FindRefusal(plan, error);
  switch (refusal.kind) {
    case Refusal::Kind::kUnwritable:
      scope_.logger.Error("leader.commit_failed",
                          {{"cluster", scope_.paths.name()}, {"error", error.message}});
      return Retry();
    case Refusal::Kind::kUnknown:
      // A new leadership reads what happened.
      return callbacks_.lost(error.message);
    case Refusal::Kind::kMoved:
      return OnMoved(*refusal.op, error);
  }
}

void Leader::OnMoved(const PlannedOp& op, const Error& error) {
  scope_.logger.Debug("leader.commit_refused", {{"cluster", scope_.paths.name()},
                                                {"role", static_cast<int>(op.role)},
                                                {"error", error.message}});
  switch (op.role) {
    case OpRole::kFence:
      return callbacks_.lost("another leader took over, or our candidate is gone");
    case OpRole::kEvent:
    case OpRole::kContributed:  // events of the roll call
      return callbacks_.lost("the journal is gone");
    case OpRole::kSpec:
      callbacks_.respec();
      break;
    case OpRole::kVote:
      ++vote_refusals_;
      inputs_.RereadVote(std::get<VoteOf>(op.what).voter);
      break;
    case OpRole::kVoteSignal:
      ++vote_refusals_;
      inputs_.RereadVoteSignal();
      break;
    case OpRole::kGoSignal:
      inputs_.RereadGo();
      break;
    case OpRole::kChunk:
    case OpRole::kHead:
    case OpRole::kLedger:
    case OpRole::kMirror:
      // Somebody else wrote there. If a znode came or went, an operator's `delete` may be under
      // way, which removes the parents, too.
      if (error.code == ErrorCode::kConflict) {
        store_.Doubt(std::get<SlotId>(op.what));
      } else {
        store_.Forget();
      }
      break;
  }
  Retry();
}

// The cause may be known already. Otherwise the watchers report it; the timer is only a safeguard.
void Leader::Retry() {
  if (news_) Changed();
  retry_->Arm(backoff_.Next(scope_.loop.Random()));
}

LeaderFacts Leader::facts(FactsDepth depth) const {
  LeaderFacts facts = FactsOf(count_);
  facts.epoch = leadership_.record.epoch;
  facts.hold = hold_;
  facts.maintained = log_.maintained();
  facts.status_read = store_.loaded();
  if (!facts.status_read) return facts;
  facts.frozen = store_.ledger().freeze.frozen;
  facts.flapping = FindFlapping(store_.ledger(), Now(), spec_->health.threshold);
  if (depth == FactsDepth::kCounts) return facts;
  AddOutliers(facts, inputs_.ballots(), spec_->id(), ServerCount(spec_->spec().shards));
  AddStatuses(facts, spec_->spec().shards, store_.BoardFor(*spec_->stored, lists_).board, Now());
  return facts;
}

// The time until the next limited order of an operator ends.
void Leader::WaitForOrders() {
  order_end_->Cancel();
  const Micros now = Now();
  Micros next = Micros::max();
  const auto wait = [&](const auto& order) {
    if (order.until != Micros(0) && !IsOver(order, now)) next = std::min(next, order.until);
  };
  const Ledger& ledger = store_.ledger();
  if (ledger.pause) wait(*ledger.pause);
  for (const auto& [shard, maintenance] : ledger.maintenance) wait(maintenance);
  if (next == Micros::max()) return;
  order_end_->Arm(std::min(next - now, kOrderRecheck));
}

}  // namespace zkcluster
