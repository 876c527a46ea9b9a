// The options of the verbs that order something from a cluster's checkers. Values; Pure.
#pragma once

#include <string>

#include "tools/zkctl/cli/shared_options.h"

namespace zkcluster::zkctl {

struct PauseOptions {
  std::string cluster;
  TimedOrder order;
};
struct ForgetOptions {
  std::string cluster;
  std::string id;
  bool yes = false;
};
struct UnfreezeOptions {
  std::string cluster;
  bool accept = false;
};

}  // namespace zkcluster::zkctl
