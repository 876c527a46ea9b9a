// What a changed checker.yaml means for a checker that runs: what is taken over at once, and what
// would need a restart. Pure.
#pragma once

#include <string>
#include <vector>

#include "checker/config/config.h"

namespace zkcluster {

struct ReloadPlan {
  CheckerConfig config;  // to go by from now on: the wanted one, but for what needs a restart
  std::vector<std::string> changed;        // the keys that are taken over
  std::vector<std::string> needs_restart;  // the keys that stay as they were
};
[[nodiscard]] ReloadPlan PlanReload(const CheckerConfig& running, CheckerConfig wanted);

}  // namespace zkcluster
