// What a checker reports about its own process: its identity, the lateness of its loops, its probes
// and hooks. The pages are made of it and of CheckerFacts, which are about the clusters. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <string>

#include "checker/hooks/hook_queue.h"
#include "checker/probe/worker.h"

namespace zkcluster {

struct ProcessFacts {
  std::string id;
  std::string rack;
  Micros started{0};       // wall clock
  WorkerCounts counts;     // of the probe workers
  Duration counts_age{0};  // since the workers last answered
  Histogram main_lag;
  std::map<std::string, std::uint64_t> stalls;  // by loop: "main", "worker"
  HookCounters hooks;
};

}  // namespace zkcluster
