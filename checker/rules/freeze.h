// The freeze: when more shards than ClusterSpec::max_dead_fraction allows would be dead, nothing
// more is marked dead. What looks like the death of half the fleet is more often a fault of the
// network or of the checkers, and clients are better off with a few dead shards than with none.
// It begins above the fraction and ends only below three quarters of it, so that a cluster at the
// edge does not freeze and thaw with each vote. The table of states is at `Freeze`. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "model/ledger.h"

namespace zkcluster {

struct FreezeFacts {
  std::size_t shards = 0;
  std::size_t would_be_dead = 0;            // if every outcome of this tally were obeyed
  std::size_t new_deaths = 0;               // of these, how many are not dead now
  std::optional<double> max_dead_fraction;  // of the spec
  // Shards that are not among these, on which too few have voted yet: after a restart of
  // all checkers nobody knows whether they would be dead. Until then a freeze neither ends
  // nor is accepted.
  std::size_t unheard = 0;
};

struct FreezeStep {
  Freeze next;
  bool began = false;
  bool ended = false;  // by the count, or because the spec no longer asks for a freeze
};
[[nodiscard]] FreezeStep StepFreeze(const Freeze& freeze, const FreezeFacts& facts, Micros now);

// The most shards that may be dead without a freeze. At least 1: a fraction so small that no shard
// could ever die would be no health check.
[[nodiscard]] std::size_t DeadAllowed(double max_dead_fraction, std::size_t shards);
// A freeze ends when fewer than this many would be dead.
[[nodiscard]] std::size_t DeadToThaw(double max_dead_fraction, std::size_t shards);

}  // namespace zkcluster
