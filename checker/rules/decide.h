// Turns the board, the counts and the guard into the next board, with reasons: everything the
// leader decides, it decides here. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <optional>
#include <string>
#include <vector>

#include "checker/rules/freeze.h"
#include "checker/rules/hold.h"
#include "checker/rules/tally.h"
#include "model/board.h"
#include "model/records.h"

namespace zkcluster {

// Flapping shards remembered at most; those that owe least are forgiven first.
inline constexpr std::size_t kMaxPenalties = 500;

struct DecideInput {
  const std::vector<ShardSpec>* shards = nullptr;
  const StatusBoard* board = nullptr;                 // of these shards (see CarryOver)
  const std::vector<ServerTally>* tallies = nullptr;  // of these shards (see ServingTallies)
  const Ledger* ledger = nullptr;
  Hold hold = Hold::kNone;
  Micros now{0};         // wall clock, recorded as `Since`
  Duration interval{};   // of probes: a penalty decays by one each interval while alive
  int max_required = 1;  // cap of the penalty
  std::optional<double> max_dead_fraction = {};  // of the spec
  Micros ahead{0};  // how far `now` is ahead of the wall clock, by which orders end
};

struct Decision {
  StatusBoard board;
  Ledger ledger;  // penalties, freeze, pause and maintenance moved; the electorate is not touched
  std::vector<Event::Flip> flips;
  std::size_t without_quorum = 0;  // shards on which too few agree
  std::size_t would_be_dead = 0;   // if nothing held anything back
  std::size_t held_deaths = 0;     // flips to dead that a freeze holds back
  bool freeze_began = false;
  bool freeze_ended = false;
  bool pause_over = false;  // its time has passed
  // Shards whose maintenance ends: its time has passed, or the spec no longer has them. Sorted.
  std::vector<std::string> maintenance_over;
  std::vector<std::string> maintained;  // shards whose flip maintenance holds back, in spec order
};

[[nodiscard]] Decision Decide(const DecideInput& input);

// Good probes in a row that a shard's next return will be asked for, as of `now`.
[[nodiscard]] int DecayedPenalty(const Penalty& penalty, bool alive, Micros now, Duration interval);
// The most that can be asked: as many as fit into 10 x threshold, at least 1.
[[nodiscard]] int MaxRequired(Duration threshold, Duration interval);

}  // namespace zkcluster
