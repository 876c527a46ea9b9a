// All that a checker tells of itself over HTTP, as of one moment; the pages are made of it. Pure.
#pragma once

#include <zkcluster/session.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <string>

#include "checker/cluster/cluster_details.h"
#include "checker/hooks/hook_queue.h"
#include "checker/probe/worker.h"

namespace zkcluster {

struct MonitorFacts {
  std::string id;
  std::string rack;
  Micros started{0};  // wall clock
  SessionState session = SessionState::kConnecting;
  bool ready = false;                              // session, registration and first ballots stand
  std::map<std::string, ClusterDetails> clusters;  // by name
  WorkerCounts counts;                             // of the probe workers
  Duration counts_age{0};                          // since the workers were asked and answered
  Histogram main_lag;
  std::map<std::string, std::uint64_t> stalls;  // by loop: "main", "worker"
  HookCounters hooks;
};

}  // namespace zkcluster
