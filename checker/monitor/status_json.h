// What a checker tells of itself besides metrics: /status.json for people and scripts, /healthz for
// whoever restarts what hangs, /readyz for whoever waits until it votes. The keys are an interface.
// Pure.
#pragma once

#include <string>

#include "checker/monitor/monitor_facts.h"

namespace zkcluster {

// Workers are asked every second; one that has not answered for so long hangs.
inline constexpr Duration kWorkersHang = std::chrono::seconds(10);

[[nodiscard]] std::string FormatStatus(const MonitorFacts& facts);

struct Verdict {
  bool good = true;
  std::string text;  // a line for people
};
// Whether this process does its work, whatever the state of ZooKeeper: that the main loop turns is
// told by the answer itself.
// `counts_age`: since the probe workers have answered.
[[nodiscard]] Verdict JudgeHealth(Duration counts_age);
// Whether it votes in all its clusters.
[[nodiscard]] Verdict JudgeReadiness(SessionState session, const Readiness& readiness);

}  // namespace zkcluster
