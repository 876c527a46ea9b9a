#include "checker/rules/decide.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "model/limits.h"

namespace zkcluster {

namespace {

ShardStatus StatusOf(Outcome outcome, ShardStatus current) {
  switch (outcome) {
    case Outcome::kAlive:
      return ShardStatus::kAlive;
    case Outcome::kDead:
      return ShardStatus::kDead;
    case Outcome::kNoQuorum:
      return current;
  }
  return current;
}

// How long it has lived, as its checkers saw it: they waited for a threshold before it was dead.
Duration Lived(const Penalty& penalty, Reason reason, const DecideInput& input) {
  const Duration silent =
      reason == Reason::kRefused ? input.refused_threshold : input.times.threshold;
  return std::max(Duration::zero(), Duration(input.since - penalty.since) - silent);
}

// `was`: its state before it died.
void Die(Penalty& penalty, const ShardState& was, Reason reason, const DecideInput& input) {
  if (was.status == ShardStatus::kAlive) {
    const Duration lived = Lived(penalty, reason, input);
    if (ForgivenPenalty(penalty.required, lived, input.times.threshold) == 0) penalty.deaths = 0;
    penalty.required = NextPenalty(penalty.required, lived, input.times);
  }
  if (penalty.deaths++ == 0) penalty.first = input.since;
  penalty.since = penalty.died = input.since;
}

// `was`: its state before it flipped to `to`.
void MovePenalty(Ledger& ledger, const std::string& shard, const ShardState& was, ShardStatus to,
                 Reason reason, const DecideInput& input) {
  const auto known = ledger.penalties.find(shard);
  if (known == ledger.penalties.end()) {
    // A first death owes one good probe, as does a shard that the ledger does not know.
    if (was.status != ShardStatus::kDead || to != ShardStatus::kAlive) return;
    ledger.penalties[shard] = {1, input.since, 1, was.since, was.since, {}};
  } else if (to == ShardStatus::kDead) {
    Die(known->second, was, reason, input);
  } else {
    known->second.since = input.since;
  }
}

// Called only when something flips, so that forgetting costs no extra write.
void ForgetPenalties(Ledger& ledger, const StatusBoard& board, const DecideInput& input) {
  std::map<std::string, Penalty> kept;
  for (std::size_t i = 0; i < input.shards.size(); ++i) {
    const auto known = ledger.penalties.find(input.shards[i].name);
    if (known == ledger.penalties.end()) continue;
    const bool alive = board.shards[i].status == ShardStatus::kAlive;
    const int owed = OwedPenalty(known->second, alive, input.since, input.times.threshold);
    if (owed > (alive ? 0 : 1)) kept.insert(*known);
  }
  // The ledger is rewritten with a flip: its size must not grow with the cluster's.
  while (kept.size() > kMaxPenalties) {
    kept.erase(std::min_element(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return a.second.required < b.second.required;
    }));
  }
  ledger.penalties = std::move(kept);
}

// Which rows an operator has under maintenance now; empty: none.
std::vector<bool> FindMaintained(const DecideInput& input) {
  const auto& maintenance = input.ledger.maintenance;
  std::vector<bool> maintained;
  if (maintenance.empty()) return maintained;
  for (const ShardSpec& shard : input.shards) {
    const auto order = maintenance.find(shard.name);
    maintained.push_back(order != maintenance.end() && !IsOver(order->second, input.wall));
  }
  return maintained;
}

// The status that each row should have. Shards under maintenance keep theirs: the freeze counts
// their present status, not the one that they would get.
std::vector<ShardStatus> NextStatuses(const DecideInput& input, Decision& decision) {
  const std::vector<bool> maintained = FindMaintained(input);
  std::vector<ShardStatus> next;
  next.reserve(input.shards.size());
  for (std::size_t i = 0; i < input.shards.size(); ++i) {
    const ShardStatus now = input.board.shards[i].status;
    next.push_back(StatusOf(input.tallies[i].outcome, now));
    if (maintained.empty() || !maintained[i] || next.back() == now) continue;
    decision.maintained.push_back(input.shards[i].name);
    next.back() = now;
  }
  return next;
}

// The count of the votes, before anything is held back.
void CountOutcomes(const DecideInput& input, const std::vector<ShardStatus>& next,
                   Decision& decision) {
  for (std::size_t i = 0; i < next.size(); ++i) {
    if (input.tallies[i].outcome == Outcome::kNoQuorum) ++decision.without_quorum;
    if (next[i] == ShardStatus::kDead) ++decision.would_be_dead;
  }
}

// Nothing is held, so a pause in the ledger has passed.
void EndPause(Decision& decision) {
  if (!decision.ledger.pause) return;
  decision.ledger.pause.reset();
  decision.changes.emplace_back(PauseOver{});
}

// Orders for a removed shard are forgotten: a later shard of that name is another one.
void EndMaintenance(const DecideInput& input, Decision& decision) {
  auto& maintenance = decision.ledger.maintenance;
  if (maintenance.empty()) return;
  std::set<std::string_view> names;  // of shards that are still in the spec
  for (const ShardSpec& shard : input.shards) {
    if (maintenance.contains(shard.name)) names.insert(shard.name);
  }
  MaintenanceOver over;
  for (auto order = maintenance.begin(); order != maintenance.end();) {
    if (names.contains(order->first) && !IsOver(order->second, input.wall)) {
      ++order;
      continue;
    }
    over.shards.push_back(order->first);
    order = maintenance.erase(order);
  }
  if (!over.shards.empty()) decision.changes.emplace_back(std::move(over));
}

void MoveFreeze(const DecideInput& input, const std::vector<ShardStatus>& statuses,
                Decision& decision) {
  std::size_t new_deaths = 0;
  std::size_t unheard = 0;
  for (std::size_t i = 0; i < input.shards.size(); ++i) {
    const bool dies = statuses[i] == ShardStatus::kDead;
    new_deaths += dies && input.board.shards[i].status != ShardStatus::kDead ? 1 : 0;
    unheard += !dies && input.tallies[i].too_few ? 1 : 0;
  }
  const FreezeStep step = StepFreeze(
      decision.ledger.freeze,
      {input.shards.size(), decision.would_be_dead, new_deaths, input.max_dead_fraction, unheard},
      input.since);
  decision.ledger.freeze = step.next;
  if (step.began) decision.changes.emplace_back(FreezeBegan{decision.would_be_dead});
  if (step.ended) decision.changes.emplace_back(FreezeEnded{decision.would_be_dead});
}

// Clients that read a status before the loss must take what follows for newer.
void DateLosses(StatusBoard& board, Micros now) {
  for (ShardState& state : board.shards) {
    if (state.lost() && state.since == Micros(0)) state.since = now;
  }
}

// An operator's order. A leader whose clock was ahead has dated these rows; the true dates are lost,
// and all that is sure is that they are not later than now. Programs then hold too many values for
// stale, never too few.
void Redate(const DecideInput& input, Decision& decision) {
  if (!std::exchange(decision.ledger.redate, false)) return;
  for (ShardState& state : decision.board.shards) {
    if (state.since <= input.wall) continue;
    state.since = input.wall;
    ++decision.redated;
  }
}

}  // namespace

Decision Decide(const DecideInput& input) {
  ZKC_CHECK(input.board.shards.size() == input.shards.size());
  ZKC_CHECK(input.tallies.size() == input.shards.size());
  Decision decision{.board = input.board, .ledger = input.ledger};
  const bool held = input.hold != Hold::kNone;
  DateLosses(decision.board, input.since);
  Redate(input, decision);
  const std::vector<ShardStatus> statuses = NextStatuses(input, decision);
  CountOutcomes(input, statuses, decision);
  if (!held) {
    EndPause(decision);
    EndMaintenance(input, decision);
  }
  // An operator accepts the present deaths, not those that a pause has gathered by its end.
  if (!held || decision.ledger.freeze.accept) MoveFreeze(input, statuses, decision);
  const bool frozen = decision.ledger.freeze.frozen;
  bool flips = false;
  for (std::size_t i = 0; i < input.shards.size() && !held; ++i) {
    const ServerTally& tally = input.tallies[i];
    ShardState& state = decision.board.shards[i];
    const ShardStatus next = statuses[i];
    if (next == state.status) continue;
    if (frozen && next == ShardStatus::kDead) {
      ++decision.held_deaths;
      continue;
    }
    const Reason reason = next == ShardStatus::kDead ? tally.reason : Reason::kNone;
    const ShardSpec& shard = input.shards[i];
    decision.changes.emplace_back(
        Flip{shard.name, shard.addr, state.status, next, reason, tally.counts});
    flips = true;
    MovePenalty(decision.ledger, shard.name, state, next, reason, input);
    // `since` never falls, even if the wall clock was set back.
    state = {next, std::max(input.since, state.since + Micros(1)), reason, tally.counts};
  }
  if (flips) ForgetPenalties(decision.ledger, decision.board, input);
  return decision;
}

}  // namespace zkcluster
