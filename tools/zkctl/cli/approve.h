// Shows a change before it is made, and asks whether to make it. One thread; uses the terminal.
#pragma once

#include <zkcluster/result.h>
#include <string>

namespace zkcluster::zkctl {

// On a terminal: shows `changes` (its first lines) and asks, unless `yes`; sets `shown`
// when they were shown. Without a terminal a change with `needs_yes` (one that takes keys from
// shards) needs --yes, and every other one is made without a question. Errors: kInvalid, saying
// that nothing was done.
[[nodiscard]] Result<void> Approve(bool yes, const std::string& cluster, const std::string& changes,
                                   const std::string& question, bool needs_yes, bool& shown);

}  // namespace zkcluster::zkctl
