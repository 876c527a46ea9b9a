// The table of zkctl's verbs. A value that never changes; Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/zkctl/cli/globals.h"
#include "tools/zkctl/cli/verb.h"

namespace zkcluster::zkctl {

// All verbs, in the order of --help.
[[nodiscard]] Verbs AllVerbs();

// For the shells' completion: prints the words that may replace the last of `words`, the words
// typed so far. Returns the exit code.
int RunComplete(const std::vector<std::string>& words, const Environment& environment);

}  // namespace zkcluster::zkctl
