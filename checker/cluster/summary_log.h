// Logs one line per minute and cluster, so that the log shows the state of quiet times, too: shards
// by opinion, the minute's probes and failures, their latency, and the leader. The leader's line
// adds votes and flips. Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/cluster/checker_facts.h"
#include "checker/probe/probe_pool.h"

namespace zkcluster {

class SummaryLog {
 public:
  static constexpr Duration kInterval = std::chrono::minutes(1);
  using Facts = std::function<CheckerFacts()>;

  // The first lines are logged one interval from now. REQUIRES: `pool` outlives it.
  SummaryLog(Loop& loop, Logger& logger, ProbePool& pool, Facts facts);

 private:
  struct Totals {
    ProbeCounters counters;
    FlipCounts flips;
  };
  void Collect();
  void LogAll(const WorkerCounts& counts);
  void LogCluster(const std::string& name, const ClusterFacts& cluster, const ProbeCounters& probes,
                  const FlipCounts& flips_before);

  Logger& logger_;
  ProbePool& pool_;
  const Facts facts_;
  std::map<ProbeGroup, Totals> logged_;  // as of the last line
  std::unique_ptr<Timer> timer_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
