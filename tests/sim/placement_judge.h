// Whether a routing table serves keys as the status says: a second, naive implementation that walks
// the ring for each key, held against what the table worked out at build time. Pure.
#pragma once

#include <optional>
#include <string>

#include "ring/routing_table.h"

namespace zkcluster::sim {

// What is wrong with the placement of the first of some keys that is served otherwise than it
// should be, or whose validity is another. REQUIRES: the table was built to serve unknown shards.
[[nodiscard]] std::optional<std::string> FindMisplacedKey(const RoutingTable& table);

}  // namespace zkcluster::sim
