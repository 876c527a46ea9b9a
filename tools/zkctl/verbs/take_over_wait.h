// `--wait`: shows how the checkers of a cluster take a change over. Loop-bound:
// on the connection's.
#pragma once

#include <cstdint>
#include <string>

#include "tools/zkctl/cli/context.h"

namespace zkcluster::zkctl {

// Waits for 60 s, or --timeout where it is given, and shows on stderr how it goes: in place
// on a terminal, elsewhere a line per change. Returns the exit code; 1 when not all had
// followed in time.
[[nodiscard]] int AwaitTakeOver(Connection& connection, const Globals& globals,
                                const std::string& cluster, std::uint64_t version);

}  // namespace zkcluster::zkctl
