#include "tools/zkctl/cli/approve.h"

#include <cstdio>

#include "tools/zkctl/cli/confirm.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {
namespace {

// Nobody reads a change of ten thousand shards line by line; `zkctl diff` shows all of it.
constexpr std::size_t kShownLines = 60;

}  // namespace

Result<void> Approve(bool yes, const std::string& cluster, const std::string& changes,
                     const std::string& question, bool needs_yes, bool& shown) {
  if (yes || (!CanAsk() && !needs_yes)) return {};
  if (CanAsk() && !changes.empty()) {
    std::fputs(FirstLines(changes, kShownLines).c_str(), stderr);
    shown = true;
  }
  return Confirm(question, cluster, yes);
}

}  // namespace zkcluster::zkctl
