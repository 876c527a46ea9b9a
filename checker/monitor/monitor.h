// Lets people and programs watch a checker: logs a summary each minute, serves pages over HTTP if
// configured, and collects the facts for both. Facts are collected on request, so that they are as
// new as the answer. Only the probe workers' counts are collected every second: a worker that hangs
// must not block a page. Loop-bound conductor.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/lifetime.h"
#include "base/log.h"
#include "checker/cluster/roster.h"
#include "checker/cluster/summary_log.h"
#include "checker/http/http_server.h"
#include "checker/monitor/process_facts.h"
#include "checker/probe/probe_pool.h"
#include "text/address.h"

namespace zkcluster {

class Monitor {
 public:
  struct Sources {  // all outlive the Monitor
    ProbePool& pool;
    Roster& roster;
    HookQueue& hooks;
  };
  Monitor(EventLoop& loop, Logger& logger, std::string id, std::string rack,
          const Sources& sources);

  // Serves the pages at this address from now on, and no longer at the last one; nothing:
  // not at all. A checker works without its pages: an address that cannot be bound is
  // logged, and tried again.
  void Listen(std::optional<Address> address);
  void NoteStall(std::string_view loop) { ++stalls_[std::string(loop)]; }

 private:
  void Count();
  void Serve();
  [[nodiscard]] HttpPages Pages();
  [[nodiscard]] ProcessFacts Process() const;
  [[nodiscard]] Duration CountsAge() const { return loop_.Now() - counted_at_; }

  EventLoop& loop_;
  Logger& logger_;
  const std::string id_;
  const std::string rack_;
  const Sources sources_;
  const Micros started_;
  WorkerCounts counts_;  // as of counted_at_
  TimePoint counted_at_;
  bool counting_ = false;
  std::optional<Address> listen_;
  std::map<std::string, std::uint64_t> stalls_{{"main", 0}, {"worker", 0}};
  SummaryLog summary_log_;
  std::unique_ptr<Timer> count_;
  std::unique_ptr<Timer> serve_;
  bool logged_unavailable_ = false;
  std::unique_ptr<HttpServer> server_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
