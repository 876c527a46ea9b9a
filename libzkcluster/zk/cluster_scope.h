// What everything that works on one cluster needs: the loop it runs on, the log it writes, the
// session it uses, and the paths of the cluster's znodes. The owner of a conductor passes it down
// by value; what the references refer to outlives every conductor that holds a scope. Loop-bound.
#pragma once

#include "base/log.h"
#include "base/loop.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

struct ClusterScope {
  Loop& loop;
  Logger& logger;
  zk::Client& client;
  ClusterPaths paths;
};

}  // namespace zkcluster
