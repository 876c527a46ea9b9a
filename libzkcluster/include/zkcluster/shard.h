// What a program learns about shards: who serves a key, since when its values can be trusted, and
// how the checkers judge each shard. Pure values.
#pragma once

#include <zkcluster/export.h>
#include <zkcluster/time.h>
#include <optional>
#include <string>
#include <string_view>

namespace zkcluster {

// What clients obey.
enum class ShardStatus {
  kUnknown,  // never decided: new in the spec, or no quorum yet
  kAlive,
  kDead,
};

[[nodiscard]] ZKC_EXPORT std::string_view ShardStatusName(ShardStatus status);  // "alive", ...

// Where a key is served now.
struct Location {
  std::string owner;  // name of the shard that the ring gives the key to
  // Who serves it: the owner, or the first living stand-in after it. Empty: no shard does (the
  // owner is dead and the cluster has failover off, or every shard is dead).
  std::optional<std::string> serving;
  std::string addr;       // of `serving`; empty when nobody serves
  bool stand_in = false;  // serving is not the owner
  // Values older than this may be stale: written before the serving shard last came back, or before
  // the death that sent the key here. For a stand-in it is the latest of its own `since` and the
  // deaths of all shards before it in the order. 0: no status decided yet.
  Micros since{0};
  bool operator==(const Location&) const = default;
};

}  // namespace zkcluster
