#include "checker/rules/succession.h"

#include <algorithm>

namespace zkcluster {
namespace {

constexpr std::size_t kMostDoublings = 10;

// Flips that no order of an operator and no freeze may hold back.
bool OwesFlip(const RoundInput& input, const Round& round) {
  const Freeze& freeze = input.ledger.freeze;
  const bool deaths_held = freeze.frozen || freeze.accept;
  const std::vector<Flip> flips = ChangesOf<Flip>(round.decision.changes);
  return std::ranges::any_of(flips, [&](const Flip& flip) {
    if (input.ledger.maintenance.contains(flip.shard)) return false;
    return flip.to != ShardStatus::kDead || !deaths_held;
  });
}

}  // namespace

bool IsOwed(const RoundInput& input, const Round& round, const std::set<std::string>& undecodable) {
  if (!input.spec_is_current || round.step != Round::Step::kCommit) return false;
  if (round.hold != Hold::kNone || input.ledger.pause) return false;
  const auto& ids = round.electorate.ids;
  if (std::ranges::any_of(undecodable, [&](const auto& id) { return ids.contains(id); })) {
    return false;
  }
  return OwesFlip(input, round) || (input.head && input.head->spec != input.spec_id);
}

Duration PatienceOf(const PatienceFacts& facts) {
  const auto doublings = std::min(facts.depositions, kMostDoublings);
  const Duration doubled = kPatience * (std::int64_t{1} << doublings);
  const Duration patience = std::max(doubled, kRoundTrips * facts.round_trip);
  return static_cast<Duration::rep>(facts.place) * std::min(patience, facts.session_timeout);
}

void EnsembleClock::Observe(Micros stamp, TimePoint read) {
  const auto since = std::chrono::duration_cast<Micros>(read.time_since_epoch());
  ahead_ = std::max(ahead_.value_or(Micros::min()), stamp - since);
}

std::optional<Micros> EnsembleClock::Now(TimePoint now) const {
  if (!ahead_) return std::nullopt;
  return *ahead_ + std::chrono::duration_cast<Micros>(now.time_since_epoch());
}

std::vector<Micros> DepositionsOf(const LeaderRecord& record, Micros written) {
  std::vector<Micros> stamps = record.depositions;
  if (!record.deposed.empty()) stamps.push_back(written);
  const std::size_t surplus = stamps.size() - std::min(stamps.size(), kMaxDepositions);
  stamps.erase(stamps.begin(), stamps.begin() + static_cast<std::ptrdiff_t>(surplus));
  return stamps;
}

std::size_t CountDepositions(const std::vector<Micros>& stamps, std::optional<Micros> now) {
  return static_cast<std::size_t>(std::ranges::count_if(
      stamps, [&](Micros stamp) { return !now || stamp > *now - kDepositionCounts; }));
}

Vigil::Next Vigil::Check(bool owed, const Mark& mark, PatienceFacts patience, TimePoint now) {
  return Judge(false, owed, mark, patience, now);
}

Vigil::Next Vigil::Confirmed(Duration round_trip, bool owed, const Mark& mark,
                             PatienceFacts patience, TimePoint now) {
  round_trip_ = round_trip;
  return Judge(true, owed, mark, patience, now);
}

Vigil::Next Vigil::Judge(bool confirmed, bool owed, const Mark& mark, PatienceFacts patience,
                         TimePoint now) {
  if (!owed) {
    since_.reset();
    return {};
  }
  if (!since_ || mark != mark_) {
    since_ = now;
    mark_ = mark;
  }
  patience.round_trip = round_trip_;
  const Duration left = *since_ + PatienceOf(patience) - now;
  if (left > Duration::zero()) return {Step::kWait, left};
  return {confirmed ? Step::kDepose : Step::kConfirm, Duration::zero()};
}

std::optional<Duration> Vigil::OwedFor(TimePoint now) const {
  if (!since_) return std::nullopt;
  return now - *since_;
}

}  // namespace zkcluster
