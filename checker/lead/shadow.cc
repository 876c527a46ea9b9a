#include "checker/lead/shadow.h"

#include <string_view>
#include <utility>

#include "codec/codec.h"

namespace zkcluster {
namespace {

// A leader that does its job has written by then, and one check is enough for a whole flip.
constexpr Duration kCheckAfter = std::chrono::milliseconds(50);
// What is being read is there within a round trip.
constexpr Duration kReadsEnd = std::chrono::milliseconds(20);

}  // namespace

Shadow::Shadow(const ClusterScope& scope, const KnownLists& lists, SharedSpec spec,
               std::vector<Candidate> before, Depose depose)
    : scope_(scope),
      lists_(lists),
      depose_(std::move(depose)),
      spec_(std::move(spec)),
      before_(std::move(before)),
      inputs_(scope_, [this] { Changed(); }),
      status_(scope_, [this] { Changed(); }),
      leader_(scope_.loop, scope_.client, scope_.paths.leader(),
              [this](const auto&) { Changed(); }),
      soon_(scope_.loop.NewTimer([this] { CheckNext(); })),
      wait_(scope_.loop.NewTimer([this] { CheckNext(); })) {}

void Shadow::Enter(State state) {
  static constexpr std::string_view kNames[] = {"reading", "watching", "confirming"};
  if (state == state_) return;
  state_ = state;
  scope_.logger.Debug("shadow.state", {{"cluster", scope_.paths.name()},
                                       {"place", before_.size()},
                                       {"state", kNames[static_cast<std::size_t>(state)]}});
}

void Shadow::SetSpec(SharedSpec spec) {
  spec_ = std::move(spec);
  Changed();
}

void Shadow::SetLine(std::vector<Candidate> before) {
  before_ = std::move(before);
  Changed();
}

void Shadow::Changed() {
  if (!soon_->armed()) soon_->Arm(kCheckAfter);
}

void Shadow::CheckNext() {
  if (std::exchange(scheduled_, true)) return;
  // A turn later: the owner may destroy this shadow then, but not within a timer's call.
  scope_.loop.Post(lifetime_.Guard([this] {
    scheduled_ = false;
    Check();
  }));
}

bool Shadow::Ready() const {
  return scope_.client.state() == SessionState::kConnected && inputs_.known() && status_.whole() &&
         leader_.known();
}

bool Shadow::Settled() const {
  return inputs_.settled() && status_.settled() && !leader_.has_news();
}

void Shadow::Check() {
  if (state_ == State::kConfirming) return;  // its answer comes here again
  if (!Ready()) {
    // The clock may say suspended for a moment that no event reports.
    if (owed()) wait_->Arm(kReadsEnd);
    return Enter(State::kReading);
  }
  Enter(State::kWatching);
  ObserveClock();
  // A new head beside a ballot that is still being read: nothing is owed because of that.
  if (!owed() && !Settled()) return wait_->Arm(kReadsEnd);
  Follow(vigil_.Check(Owed(), MarkNow(), Patience(), scope_.loop.Now()));
}

void Shadow::Follow(const Vigil::Next& next) {
  wait_->Cancel();
  switch (next.step) {
    case Vigil::Step::kRest:
      return;
    case Vigil::Step::kWait:
      return wait_->Arm(next.wait);
    case Vigil::Step::kConfirm:
      return Confirm();
    case Vigil::Step::kDepose:
      break;
  }
  const auto& leader = leader_.node();
  const auto head = status_.head_stat();
  depose_({.before = before_,
           .leader = leader ? std::optional(leader->stat.version) : std::nullopt,
           .head = head ? std::optional(head->version) : std::nullopt,
           .owed = owed().value_or(Duration::zero())});
}

// What the leader has written may be on its way to us, and our server may lag. A sync waits for
// everything that the ensemble is working on, and the news of it comes before the answer. Its time
// also says how slow the ensemble is, for everybody.
void Shadow::Confirm() {
  Enter(State::kConfirming);
  scope_.client.Sync(scope_.paths.leader(),
                     lifetime_.Guard([this, asked = scope_.loop.Now()](const Result<void>& answer) {
                       Enter(State::kWatching);
                       if (!answer) return wait_->Arm(kReadsEnd);
                       OnConfirmed(scope_.loop.Now() - asked);
                     }));
}

void Shadow::OnConfirmed(Duration round_trip) {
  if (!Ready() || !Settled()) return wait_->Arm(kReadsEnd);
  Follow(vigil_.Confirmed(round_trip, Owed(), MarkNow(), Patience(), scope_.loop.Now()));
}

bool Shadow::Owed() const {
  // It knows neither the orders nor the voters.
  if (!status_.knows_ledger()) return false;
  const CarriedBoard board = status_.BoardFor(*spec_->stored, lists_);
  RoundInput input = inputs_.InputOf(*spec_, {.head = status_.head(),
                                              .has_head = status_.head_stat().has_value(),
                                              .board = board,
                                              .ledger = status_.ledger()});
  input.wall = scope_.client.server_time().value_or(scope_.loop.WallNow());
  return IsOwed(input, Conclude(input), inputs_.undecodable());
}

Vigil::Mark Shadow::MarkNow() const {
  Vigil::Mark mark;
  if (const auto head = status_.head_stat()) mark.head = head->mzxid;
  if (const auto& leader = leader_.node()) mark.leader = leader->stat.mzxid;
  mark.spec = spec_->id().shards_zxid;
  for (const Candidate& candidate : before_) mark.before.push_back(candidate.node);
  return mark;
}

PatienceFacts Shadow::Patience() const {
  PatienceFacts facts;
  facts.place = before_.size();
  facts.session_timeout = scope_.client.session_timeout();
  const auto& leader = leader_.node();
  const auto record = leader ? DecodeLeader(leader->data) : Result<LeaderRecord>(LeaderRecord{});
  if (record) {
    facts.depositions = CountDepositions(DepositionsOf(*record, leader->stat.modified),
                                         clock_.Now(scope_.loop.Now()));
  }
  return facts;
}

void Shadow::ObserveClock() {
  if (const auto& ballot = inputs_.newest_ballot()) clock_.Observe(ballot->written, ballot->read);
}

}  // namespace zkcluster
