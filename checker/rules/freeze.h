// The freeze: when more shards than ClusterSpec::max_dead_fraction allows would be dead, no more
// are marked dead. An apparent death of half the fleet is more often a fault of the network or of
// the checkers, and clients do better with some dead shards in the ring than with none at all. It
// begins above the fraction and ends only below three quarters of it, so that a cluster near the
// limit does not freeze and thaw with each vote. The table of states is at `Freeze`. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "model/ledger.h"

namespace zkcluster {

struct FreezeFacts {
  std::size_t shards = 0;
  std::size_t would_be_dead = 0;            // if every outcome of this tally were applied
  std::size_t new_deaths = 0;               // of these, how many are not dead now
  std::optional<double> max_dead_fraction;  // of the spec
  // Further shards on which too few have voted yet: after a restart of all checkers it is unknown
  // whether they would be dead. Until that is known a freeze neither ends nor is accepted.
  std::size_t unheard = 0;
};

struct FreezeStep {
  Freeze next;
  bool began = false;
  bool ended = false;  // by the count, or because the spec no longer asks for a freeze
};
[[nodiscard]] FreezeStep StepFreeze(const Freeze& freeze, const FreezeFacts& facts, Micros now);

// The most shards that may be dead without a freeze. At least 1: otherwise a small fraction would
// mean that no shard is ever marked dead.
[[nodiscard]] std::size_t DeadAllowed(double max_dead_fraction, std::size_t shards);
// A freeze ends when fewer than this many would be dead.
[[nodiscard]] std::size_t DeadToThaw(double max_dead_fraction, std::size_t shards);

}  // namespace zkcluster
