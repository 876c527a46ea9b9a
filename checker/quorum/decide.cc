#include "checker/quorum/decide.h"

#include <algorithm>

#include "base/check.h"

namespace zkcluster {

int MaxRequired(Duration threshold, Duration interval) {
  if (interval <= Duration::zero()) return 1;
  return static_cast<int>(std::clamp<Duration::rep>(10 * threshold / interval, 1, 1'000'000));
}

int DecayedPenalty(const Penalty& penalty, bool alive, Micros now, Duration interval) {
  if (!alive) return std::max(1, penalty.required);
  // A death soon after a return is asked for twice as much; each interval alive takes one off. The
  // wall clock may have jumped back: then nothing has decayed.
  const Duration lived = std::max(Micros::zero(), now - penalty.since);
  const auto good_probes = interval > Duration::zero() ? lived / interval : 0;
  const auto next = 2 * static_cast<Duration::rep>(penalty.required) - good_probes;
  return static_cast<int>(std::clamp<Duration::rep>(next, 1, 1'000'000));
}

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

void MovePenalty(Ledger& ledger, const std::string& shard, ShardStatus from, ShardStatus to,
                 const DecideInput& input) {
  const auto known = ledger.penalties.find(shard);
  if (to == ShardStatus::kDead) {
    // A first death asks for one good probe, as does a shard the ledger does not know.
    if (known == ledger.penalties.end()) return;
    const int required =
        DecayedPenalty(known->second, from == ShardStatus::kAlive, input.now, input.interval);
    known->second = {std::min(required, input.max_required), input.now};
  } else if (known != ledger.penalties.end()) {
    known->second.since = input.now;
  } else if (from == ShardStatus::kDead) {
    ledger.penalties[shard] = {1, input.now};
  }
}

// Called only when something flips, so that forgetting costs no write of its own.
void ForgetPenalties(Ledger& ledger, const StatusBoard& board, const DecideInput& input) {
  std::map<std::string, Penalty> kept;
  for (std::size_t i = 0; i < input.shards->size(); ++i) {
    const auto known = ledger.penalties.find((*input.shards)[i].name);
    if (known == ledger.penalties.end()) continue;
    const bool alive = board.shards[i].status == ShardStatus::kAlive;
    const bool owes = alive ? DecayedPenalty(known->second, true, input.now, input.interval) > 1
                            : known->second.required > 1;
    if (owes) kept.insert(*known);
  }
  // The ledger is rewritten with a flip: its size must not grow with the cluster's.
  while (kept.size() > kMaxPenalties) {
    kept.erase(std::min_element(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return a.second.required < b.second.required;
    }));
  }
  ledger.penalties = std::move(kept);
}

// What the votes amount to, whatever holds it back.
void LookAhead(const DecideInput& input, Decision& decision) {
  for (std::size_t i = 0; i < input.shards->size(); ++i) {
    const ShardTally& tally = (*input.tallies)[i];
    if (tally.outcome == Outcome::kNoQuorum) ++decision.without_quorum;
    if (StatusOf(tally.outcome, input.board->shards[i].status) == ShardStatus::kDead)
      ++decision.would_be_dead;
  }
}

// Nothing is held, so what pause there is has passed.
void EndPause(Decision& decision) {
  decision.pause_over = decision.ledger.pause.has_value();
  decision.ledger.pause.reset();
}

void MoveFreeze(const DecideInput& input, Decision& decision) {
  std::size_t new_deaths = 0;
  std::size_t unheard = 0;
  for (std::size_t i = 0; i < input.shards->size(); ++i) {
    const ShardStatus now = input.board->shards[i].status;
    const ShardStatus next = StatusOf((*input.tallies)[i].outcome, now);
    new_deaths += now != ShardStatus::kDead && next == ShardStatus::kDead ? 1 : 0;
    unheard += next != ShardStatus::kDead && (*input.tallies)[i].too_few ? 1 : 0;
  }
  const FreezeStep step = StepFreeze(
      decision.ledger.freeze,
      {input.shards->size(), decision.would_be_dead, new_deaths, input.max_dead_fraction, unheard},
      input.now);
  decision.ledger.freeze = step.next;
  decision.freeze_began = step.began;
  decision.freeze_ended = step.ended;
}

}  // namespace

Decision Decide(const DecideInput& input) {
  ZKC_CHECK(input.board->shards.size() == input.shards->size());
  ZKC_CHECK(input.tallies->size() == input.shards->size());
  Decision decision{*input.board, *input.ledger};
  const bool held = input.hold != Hold::kNone;
  LookAhead(input, decision);
  if (!held) {
    EndPause(decision);
    MoveFreeze(input, decision);
  }
  const bool frozen = decision.ledger.freeze.frozen;
  for (std::size_t i = 0; i < input.shards->size() && !held; ++i) {
    const ShardTally& tally = (*input.tallies)[i];
    ShardState& state = decision.board.shards[i];
    const ShardStatus next = StatusOf(tally.outcome, state.status);
    // Whoever was told something before the loss may take this for something newer.
    if (state.lost() && state.since == Micros(0)) state.since = input.now;
    if (next == state.status) continue;
    if (frozen && next == ShardStatus::kDead) {
      ++decision.held_deaths;
      continue;
    }
    const Reason reason = next == ShardStatus::kDead ? tally.reason : Reason::kNone;
    const ShardSpec& shard = (*input.shards)[i];
    decision.flips.push_back({shard.name, shard.addr, state.status, next, reason, tally.counts});
    MovePenalty(decision.ledger, shard.name, state.status, next, input);
    // Since never falls, also when the wall clock was set back.
    state = {next, std::max(input.now, state.since + Micros(1)), reason, tally.counts};
  }
  if (!decision.flips.empty()) ForgetPenalties(decision.ledger, decision.board, input);
  return decision;
}

}  // namespace zkcluster
