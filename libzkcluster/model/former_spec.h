// FormerSpec: how a spec was before a change, relative to the spec after it. The journal keeps one
// with each change, so that zkctl shows and restores former specs: its size is that of the change,
// and not that of the list of shards. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <cstddef>
#include <vector>

namespace zkcluster {

struct FormerSpec {
  // A part of the list of shards: where `count` shards follow position `at` now, these were before.
  struct Piece {
    std::size_t at = 0;
    std::size_t count = 0;
    std::vector<ShardSpec> shards;
    bool operator==(const Piece&) const = default;
  };
  ClusterSpec settings;       // with its version, without a name and shards
  std::vector<Piece> pieces;  // in the order of the list, none next to another
  bool operator==(const FormerSpec&) const = default;
};

[[nodiscard]] FormerSpec RememberSpec(const ClusterSpec& before, const ClusterSpec& after);
// `before` again. Errors: kBadData where the pieces do not fit into `after`.
[[nodiscard]] Result<ClusterSpec> RestoreSpec(const FormerSpec& former, const ClusterSpec& after);

}  // namespace zkcluster
