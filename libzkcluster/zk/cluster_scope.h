// What every conductor of one cluster needs: its loop, its log, its session, and the paths of the
// cluster's znodes. Owners pass it down by value; the referenced objects outlive every conductor
// that holds a scope. Loop-bound.
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
