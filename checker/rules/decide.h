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
#include "model/flapping.h"
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
  Micros wall{0};     // ZooKeeper's wall clock; operators' orders expire by it
  Micros since{0};    // recorded as the time of the decision; see Conclude
  FlapTimes times{};  // of probes
  Duration refused_threshold{};
  std::optional<double> max_dead_fraction = {};  // of the spec
};

[[nodiscard]] Decision Decide(const DecideInput& input);

}  // namespace zkcluster
