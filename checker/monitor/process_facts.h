// What a checker reports of its own process: who it is, how late its loops are, what it has probed
// and run. With CheckerFacts, which are of its clusters, the pages are made of it. Pure.
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
  Duration counts_age{0};  // since the workers were asked and answered
  Histogram main_lag;
  std::map<std::string, std::uint64_t> stalls;  // by loop: "main", "worker"
  HookCounters hooks;
};

}  // namespace zkcluster
