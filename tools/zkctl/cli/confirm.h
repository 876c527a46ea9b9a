// Asks before a change or a deletion. One thread; reads the terminal.
#pragma once

#include <zkcluster/result.h>
#include <string>
#include <string_view>

namespace zkcluster::zkctl {

// True when standard input and error are a terminal, so that an operator can be asked.
[[nodiscard]] bool CanAsk();

// Asks on the terminal; "y", "yes" or the cluster's name (if one is given) agree. Without a
// terminal only `--yes` (`yes`) agrees. Errors: kInvalid, saying that nothing was done.
[[nodiscard]] Result<void> Confirm(const std::string& question, std::string_view cluster, bool yes);

// True when this answer agrees. Pure.
[[nodiscard]] bool Agrees(std::string_view answer, std::string_view cluster);

}  // namespace zkcluster::zkctl
