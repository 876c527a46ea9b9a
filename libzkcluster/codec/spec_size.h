// How near a spec is to the largest that ZooKeeper can hold: whoever writes one, and the checkers
// that take one, say so while there is still time to begin a second cluster. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <optional>

#include "model/limits.h"

namespace zkcluster {

// The bytes of the `shards` znode when they are kNearShardsBytes or more; nothing below.
[[nodiscard]] std::optional<std::size_t> BytesNearLimit(const ClusterSpec& spec);

}  // namespace zkcluster
