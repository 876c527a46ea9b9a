// The page /metrics: a checker's facts in the text form that Prometheus reads. The adapter of
// prometheus-cpp. Names and labels of metrics are an interface; zkchecker(8) lists them. Pure.
#pragma once

#include <string>

#include "checker/cluster/checker_facts.h"
#include "checker/monitor/process_facts.h"

namespace zkcluster {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// REQUIRES: facts of FactsDepth::kShards.
[[nodiscard]] std::string FormatMetrics(const CheckerFacts& facts, const ProcessFacts& process);

}  // namespace zkcluster
