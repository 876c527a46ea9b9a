// Turns the board, the counts and the guards into the next board, with reasons: every flip, every
// freeze and the end of every order is decided here. Conclude (round.h) calls it. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <optional>
#include <string>
#include <vector>

#include "checker/rules/change.h"
#include "checker/rules/freeze.h"
#include "checker/rules/hold.h"
#include "checker/rules/tally.h"
#include "model/board.h"
#include "model/flapping.h"
#include "model/journal.h"
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

struct Decision {
  StatusBoard board;
  Ledger ledger;  // penalties, freeze, pause and maintenance moved; the electorate is unchanged
  std::vector<Change> changes;          // in the order of the journal; flips last, in spec order
  std::size_t without_quorum = 0;       // shards without a quorum
  std::size_t would_be_dead = 0;        // if nothing were held back
  std::size_t redated = 0;              // shards, by an operator's order
  std::size_t held_deaths = 0;          // flips to dead that a freeze holds back
  std::vector<std::string> maintained;  // shards whose flip maintenance holds back, in spec order
};

[[nodiscard]] Decision Decide(const DecideInput& input);

}  // namespace zkcluster
