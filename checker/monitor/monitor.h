// Everything that lets people and programs watch a checker: the summary a minute in the log, the
// pages over HTTP when configured, and the facts they are made of. Facts are collected when asked
// for, so that a number is as old as the answer. The counts of probe workers are gathered every
// second instead: a worker that hangs must not keep a page from being served. Loop-bound conductor.
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

  // Serves the pages at this address from now on, and no longer at the last one; nothing: at none.
  // A checker works without its pages: an address that cannot be had is logged, and tried again.
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
