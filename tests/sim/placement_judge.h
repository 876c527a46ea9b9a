// Judges whether a routing table serves keys as the status says. A second, naive implementation
// walks the ring for each key; its result must equal what the table computed when it was built.
// Pure.
#pragma once

#include <optional>
#include <string>

#include "ring/routing_table.h"

namespace zkcluster::sim {

// Tries some keys, and describes the first one with a wrong shard or a wrong validity. REQUIRES:
// the table was built to serve unknown shards.
[[nodiscard]] std::optional<std::string> FindMisplacedKey(const RoutingTable& table);

}  // namespace zkcluster::sim
