// Logs one line a minute for each cluster, so that a log shows later how things were although
// nothing happened: shards by opinion, probes and failures of that minute, how long they took, and
// who leads. The leader's line has the votes and the flips, too. Loop-bound conductor.
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

  // The first lines come an interval from now. REQUIRES: `pool` outlives it.
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
