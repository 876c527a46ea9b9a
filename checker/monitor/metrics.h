// What Prometheus is told of this checker: the page /metrics in its text form. The adapter of
// prometheus-cpp. Names and labels of metrics are an interface; packaging/man/zkchecker.8.scd lists them. Pure.
#pragma once

#include <string>

#include "checker/monitor/monitor_facts.h"

namespace zkcluster {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string FormatMetrics(const MonitorFacts& facts);

}  // namespace zkcluster
