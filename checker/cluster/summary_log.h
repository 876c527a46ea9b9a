// Logs one line a minute for each cluster, so that whoever reads a log later knows how things stood
// although nothing happened: shards by opinion, probes and failures of that minute, how long they
// took, who leads; and from whoever leads the votes and the flips. Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/cluster/cluster_details.h"
#include "checker/probe/probe_pool.h"

namespace zkcluster {

class SummaryLog {
 public:
  static constexpr Duration kInterval = std::chrono::minutes(1);
  using Look = std::function<std::map<std::string, ClusterDetails>()>;

  // The first lines come an interval from now. REQUIRES: `pool` outlives it.
  SummaryLog(Loop& loop, Logger& logger, ProbePool& pool, Look look);

 private:
  struct Told {  // with the last line
    ProbeCounters counters;
    std::uint64_t flips_to_dead = 0;
    std::uint64_t flips_to_alive = 0;
  };
  void Collect();
  void Tell(const WorkerCounts& counts);
  void TellOne(const std::string& cluster, const ClusterDetails& details,
               const ProbeCounters& probes, const Told& last);

  Logger& logger_;
  ProbePool& pool_;
  const Look look_;
  std::map<ProbeGroup, Told> told_;
  std::unique_ptr<Timer> timer_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
