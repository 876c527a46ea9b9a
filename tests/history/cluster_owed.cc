// ClusterJudge: what a leader owes, and whether its successor was patient.
#include <fmt/format.h>

#include <algorithm>

#include "tests/history/cluster_judge.h"

namespace zkcluster::history {
namespace {

constexpr Duration kFirst = std::chrono::milliseconds(500);
constexpr Duration kRemembered = std::chrono::minutes(10);
constexpr Duration kUnchecked = std::chrono::seconds(1);    // longest way of a deposition
constexpr Duration kSlack = std::chrono::milliseconds(20);  // of a real ensemble's stamps

}  // namespace

void ClusterJudge::JudgePatience(const Facts& facts) {
  ++judge_.counters_.depositions;
  const TimePoint now = transaction_->time;
  // Those that were not passed on (an outsider wrote `leader`, or an older build did) are unknown.
  const auto& record = facts.before.leader->value;
  const std::size_t known =
      record ? record->depositions.size() + (record->deposed.empty() ? 0 : 1) : 0;
  const auto recent = static_cast<std::size_t>(
      std::ranges::count_if(depositions_, [&](TimePoint at) { return now - at < kRemembered; }));
  depositions_.push_back(now);
  Duration patience = kFirst;
  for (std::size_t i = 0; i < std::min(known, recent); ++i) {
    patience = std::min(2 * patience, judge_.options_.shortest_session);
  }
  patience = std::min(patience, judge_.options_.shortest_session) *
             static_cast<std::int64_t>(facts.deposed);
  std::optional<TimePoint> since = owed_since_;
  if (owed_first_ && now - owed_first_->decided <= kUnchecked) since = owed_first_->since;
  if (!since) return Report("patience", "a deposition, and no decision is owed");
  const Duration owed = now - *since;
  if (owed + kSlack >= patience) return;
  const auto ms = [](Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  Report("patience", fmt::format("a deposition of {} after {} ms, it has to wait for {} ms",
                                 facts.deposed, ms(owed), ms(patience)));
}

// By the ballots alone, whatever holds a leader.
bool ClusterJudge::IsOwed() const {
  const auto& specs = records_.back()->specs;
  if (!in_force_ || specs.empty()) return false;
  if (!replica_.head.value || !replica_.ledger.value) return true;
  if (replica_.head.value->spec != specs.back().id) return true;
  const SpecRecord spec = InForce(specs.back(), replica_.ledger.value);
  Ledger ledger = *replica_.ledger.value;
  for (const auto& [id, vote] : replica_.votes) {
    if (vote.counts()) ledger.electorate.insert(id);
  }
  for (const auto& [node, candidate] : replica_.candidates) {
    if (candidate.name && candidate.owner != 0) ledger.electorate.insert(candidate.name->id);
  }
  const BallotBox box(VotersNow(), *spec.spec, spec.id, ledger);
  for (std::size_t i = 0; i < spec.spec->shards.size(); ++i) {
    const ShardState row = replica_.RowOf(i);
    const ShardStatus status = row.status;
    const bool undecided = status == ShardStatus::kUnknown && !row.lost();
    const BallotBox::Count count = box.CountOf(i, undecided);
    if (status != ShardStatus::kAlive && box.Covers(count, ShardStatus::kAlive)) return true;
    if (status != ShardStatus::kDead && box.Covers(count, ShardStatus::kDead)) return true;
  }
  return false;
}

// Called after the transaction. A decision stays owed until something is decided: a quorum may come
// and go while a shadow does not check. No operation can check that there is no head, and a head
// that is made again has the version of the one before. So such a decision, and more of the same
// leader after it, may come just before a deposition that they do not refuse.
void ClusterJudge::WatchOwed(const Facts& facts) {
  const bool first = facts.before.head && !facts.writes_leader && replica_.head.exists &&
                     replica_.head.czxid == transaction_->zxid;
  if (facts.before.head || facts.writes_leader) {
    if (facts.writes_leader) owed_first_.reset();
    if (first && owed_since_) owed_first_ = {*owed_since_, transaction_->time};
    owed_since_.reset();
  }
  if (!owed_since_ && IsOwed()) owed_since_ = transaction_->time;
}

}  // namespace zkcluster::history
