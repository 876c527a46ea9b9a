// Turns the board, the counts and the guards into the next board, with reasons: every flip, every
// freeze and the end of every order is decided here. Conclude (round.h) calls it. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <optional>
#include <string>
#include <vector>

#include "checker/rules/conclusion.h"
#include "checker/rules/hold.h"
#include "model/board.h"
#include "model/ledger.h"

namespace zkcluster {

// At most this many flapping shards are remembered; those with the smallest penalties
// are forgotten first.
inline constexpr std::size_t kMaxPenalties = 500;

struct DecideInput {
  const std::vector<ShardSpec>& shards;
  const StatusBoard& board;                 // of these shards (see CarryBoard)
  const std::vector<ServerTally>& tallies;  // of these shards (see ServingTallies)
  const Ledger& ledger;
  Hold hold = Hold::kNone;
  Micros wall{0};        // wall clock; operators' orders expire by it
  Micros since{0};       // recorded as the time of the decision; see Conclude
  Duration interval{};   // of probes: a penalty decays by one per interval alive
  int max_required = 1;  // cap of the penalty
  std::optional<double> max_dead_fraction = {};  // of the spec
};

[[nodiscard]] Decision Decide(const DecideInput& input);

// Good probes in a row that a shard's next return needs, as of `now`.
[[nodiscard]] int DecayedPenalty(const Penalty& penalty, bool alive, Micros now, Duration interval);

}  // namespace zkcluster
