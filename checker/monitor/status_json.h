// A checker's pages besides metrics: /status.json for people and scripts, /healthz for a
// supervisor that restarts a hung process, /readyz for one that waits until the checker votes.
// The keys are an interface. Pure.
#pragma once

#include <string>

#include "checker/cluster/checker_facts.h"
#include "checker/monitor/process_facts.h"

namespace zkcluster {

// Workers are asked every second; one that has not answered for this long hangs.
inline constexpr Duration kWorkersHang = std::chrono::seconds(10);

// REQUIRES: facts of FactsDepth::kShards.
[[nodiscard]] std::string FormatStatusJson(const CheckerFacts& facts, const ProcessFacts& process);

struct Verdict {
  bool good = true;
  std::string text;  // a line for people
};
// Whether this process works, independently of ZooKeeper. The answer itself shows that the main
// loop runs. `counts_age`: time since the probe workers last answered.
[[nodiscard]] Verdict JudgeHealth(Duration counts_age);
// Whether it votes in all its clusters.
[[nodiscard]] Verdict JudgeReadiness(const CheckerFacts& facts);

}  // namespace zkcluster
