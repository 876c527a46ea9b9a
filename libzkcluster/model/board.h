// StatusBoard: the status of every shard, as the leader last decided it and as clients obey it. In
// ZooKeeper it is a `head` and chunks of 512 shards, in spec order. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/spec.h>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/limits.h"
#include "model/reason.h"
#include "model/spec_id.h"
#include "model/vote_counts.h"

namespace zkcluster {

constexpr ShardStatus LastOf(ShardStatus) {
  return ShardStatus::kDead;
}

struct ShardState {
  ShardStatus status = ShardStatus::kUnknown;
  Micros since{0};  // of the last flip; 0 before the first. Never falls, changes only with flips
  Reason reason = Reason::kNone;
  VoteCounts counts;  // at the decision that last flipped it
  bool operator==(const ShardState&) const = default;
  // Unknown because its row was lost, not because nothing was ever decided: clients that had read
  // an earlier status keep it. `since` is then the time of the loss; 0 until a commit writes it.
  [[nodiscard]] constexpr bool lost() const {
    return status == ShardStatus::kUnknown && reason == Reason::kLost;
  }
};

// A row that cannot be read.
inline constexpr ShardState kLostRow{.reason = Reason::kLost};

inline constexpr std::size_t kChunkShards = 512;
[[nodiscard]] constexpr std::size_t ChunkCount(std::size_t shards) {
  return (shards + kChunkShards - 1) / kChunkShards;
}

// The small znode that ties a board together; clients watch only this one.
struct Head {
  SpecId spec;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;  // of decisions, over all epochs
  std::string leader;         // id of who decided
  int quorum = 0;             // votes needed, and ids that could vote, at that decision
  int electorate = 0;
  std::size_t shards = 0;
  std::vector<std::int32_t> chunks;  // data version of each chunk
  bool operator==(const Head&) const = default;
};

struct StatusBoard {
  std::vector<ShardState> shards;  // in spec order
  bool operator==(const StatusBoard&) const = default;
};

// The rows of the mirror for Go clients, by address. A shard that it does not list is unknown.
struct MirrorEntry {
  bool alive = false;
  Micros since{0};
  bool operator==(const MirrorEntry&) const = default;
};
using Mirror = std::map<std::string, MirrorEntry>;

// What the mirror says of one address; nothing: it does not list it.
[[nodiscard]] std::optional<ShardState> FindInMirror(const Mirror& mirror, const std::string& addr);
// The board of a list when only the mirror is known.
[[nodiscard]] StatusBoard FromMirror(const Mirror& mirror, const std::vector<ShardSpec>& shards);

// The board for a changed list: a shard that kept name and address keeps its state, whatever its
// weight is now. Every other one is unknown, for at another address there is another server.
[[nodiscard]] StatusBoard CarryOver(const StatusBoard& old_board,
                                    const std::vector<ShardSpec>& old_shards,
                                    const std::vector<ShardSpec>& new_shards);

}  // namespace zkcluster
