// Compares a changed checker.yaml with that of the running checker: finds what can be taken over at
// once, and what needs a restart. Pure.
#pragma once

#include <string>
#include <vector>

#include "checker/config/config.h"

namespace zkcluster {

struct ReloadPlan {
  CheckerConfig config;  // in force from now on: the new one, except what needs a restart
  std::vector<std::string> changed;        // the keys that are taken over
  std::vector<std::string> needs_restart;  // the keys that stay as they were
};
[[nodiscard]] ReloadPlan PlanReload(const CheckerConfig& running, CheckerConfig wanted);

}  // namespace zkcluster
