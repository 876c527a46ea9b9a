// What Prometheus is told of this checker: the page /metrics in its text form, over HTTP on the
// main loop. Off unless checker.yaml says `metrics: {listen: ...}`. The adapter of evhttp and of
// prometheus-cpp. Everything is collected when it is asked for, so that a number is as old as the
// answer, but for the counters of the probe workers, which the daemon gathers every second: a
// worker that hangs must not keep a page from being served. Names of metrics are an interface.
// Loop-bound; FormatMetrics is Pure.
#pragma once

#include <zkcluster/cluster.h>
#include <zkcluster/result.h>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "checker/probe/worker.h"
#include "checker/quorum/participant.h"
#include "model/address.h"

namespace zkcluster {

struct MetricsFacts {
  SessionState session = SessionState::kConnecting;
  std::map<std::string, Participant::Summary> clusters;  // by name
  ProbeCounters probes;
  std::map<std::string, std::uint64_t> stalls;  // by loop: "main", "worker"
};
[[nodiscard]] std::string FormatMetrics(const MetricsFacts& facts);

class MetricsServer {
 public:
  // `page` makes what /metrics answers. Errors: kUnavailable when the address cannot be listened
  // at. REQUIRES: listen.host is an IP literal.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> Listen(
      EventLoop& loop, const Address& listen, std::function<std::string()> page);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

 private:
  struct Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
