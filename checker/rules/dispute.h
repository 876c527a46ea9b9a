// A dispute: most of a shard's votes say otherwise than its status, and something keeps the status
// as it is. Programs obey the status, so such a shard is not what they take it for: zkctl and the
// leader's page show disputes first, each with what keeps it from flipping. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <cstddef>
#include <string_view>
#include <vector>

#include "checker/rules/conclusion.h"
#include "model/reason.h"

namespace zkcluster {

// What keeps the status of a disputed shard as it is.
enum class Obstacle : unsigned char {
  kNone,         // the leader's next decision flips it
  kVotes,        // most votes say so, but fewer than the quorum
  kRacks,        // the dead votes come from fewer racks than min_racks
  kTie,          // alive and dead both reach a quorum below a majority
  kMaintenance,  // of this shard
  kHold,         // of the whole cluster, see Round::hold
  kFreeze,
};
[[nodiscard]] std::string_view ObstacleName(Obstacle obstacle);  // "none", "votes", "racks" ...

// What ends it, in words for people.
[[nodiscard]] std::string_view EndOf(Obstacle obstacle);

struct Dispute {
  std::size_t shard = 0;                      // position in the spec
  ShardStatus looks = ShardStatus::kUnknown;  // alive or dead
  Reason reason = Reason::kNone;              // of the votes for dead
  Obstacle obstacle = Obstacle::kNone;
  bool operator==(const Dispute&) const = default;
};

// In the order of the spec. `board`: the one that `round` began with, or (for what is left once it is
// committed) the one that it decided.
[[nodiscard]] std::vector<Dispute> FindDisputes(const std::vector<ShardSpec>& shards,
                                                const StatusBoard& board, const Round& round);

}  // namespace zkcluster
