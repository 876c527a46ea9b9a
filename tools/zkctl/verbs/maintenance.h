// The options of the verbs about maintenance. Values; Pure.
#pragma once

#include <zkcluster/manager.h>
#include <string>

#include "tools/zkctl/cli/shared_options.h"

namespace zkcluster::zkctl {

struct MaintenanceOnOptions {
  std::string cluster;
  ShardChoice shards;
  TimedOrder order;
};
struct MaintenanceOffOptions {
  std::string cluster;
  ShardChoice shards;
};

}  // namespace zkcluster::zkctl
