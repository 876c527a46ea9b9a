// Workers' reports to the main loop: only changes, never single probes. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <variant>

#include "checker/probe/prober.h"
#include "checker/probe/server_health.h"
#include "model/ballot.h"

namespace zkcluster {

// Names one server (a shard at an address) in one cluster, in one life of the daemon. Never reused.
using ServerHandle = std::uint64_t;

struct ServerReport {
  ServerHandle handle = 0;
  // The new opinion, the raised alarm (kNone: it is over), or how far a flapping server is on its
  // way back ({}: nowhere).
  std::variant<Vote, ProbeAlarm, Returning> news;
  bool operator==(const ServerReport&) const = default;
};

// The worker itself was stopped or starved.
struct StallReport {
  Duration lateness{0};
  bool operator==(const StallReport&) const = default;
};

using WorkerReport = std::variant<ServerReport, StallReport>;

}  // namespace zkcluster
