// What is shown before something changes, and who has to agree to it. One thread;
// uses the terminal.
#pragma once

#include <zkcluster/result.h>
#include <string>

#include "model/spec_diff.h"
#include "tools/zkctl/cli/command_line.h"

namespace zkcluster::zkctl {

// On a terminal: shows `changes` (its first lines) and asks, unless --yes was given; sets `shown`
// when they were shown. Elsewhere what `needs_yes` (what takes keys from shards) needs --yes, and
// everything else is done as it is told. Errors: kInvalid, saying that nothing was done.
[[nodiscard]] Result<void> Approve(const CommandLine& line, const std::string& cluster,
                                   const std::string& changes, const std::string& question,
                                   bool needs_yes, bool& shown);

}  // namespace zkcluster::zkctl
