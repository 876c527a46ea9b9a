// `zkctl status --watch`: the status, redrawn in place as it changes. Loop-bound (a loop
// of its own).
#pragma once

#include <string>

#include "tools/zkctl/cli/globals.h"
#include "tools/zkctl/report/status.h"

namespace zkcluster::zkctl {

// Returns the exit code, once it is interrupted.
[[nodiscard]] int WatchStatus(const Globals& globals, const std::string& name,
                              const StatusView& view);

}  // namespace zkcluster::zkctl
