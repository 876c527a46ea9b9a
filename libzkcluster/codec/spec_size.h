// How near a spec is to the largest that ZooKeeper can hold. Checkers warn when they take such a
// spec, while there is still time to begin a second cluster; writers know it from ValidSpec. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <optional>
#include <vector>

#include "model/limits.h"

namespace zkcluster {

// The bytes of the `shards` znode when they are `least` or more; nothing below. A list that is
// certainly shorter is not encoded.
[[nodiscard]] std::optional<std::size_t> ShardsBytesFrom(std::size_t least,
                                                         const std::vector<ShardSpec>& shards);
// The same from kNearShardsBytes on.
[[nodiscard]] std::optional<std::size_t> BytesNearLimit(const ClusterSpec& spec);

}  // namespace zkcluster
