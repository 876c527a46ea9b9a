// Everything by which a checker lets itself be watched: the summary a minute in the log, the pages
// over HTTP when configured, and what they are made of. Collected when asked for, so that a number
// is as old as the answer, but for the counts of probe workers, which are gathered every second: a
// worker that hangs must not keep a page from being served. Loop-bound conductor.
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
#include "checker/monitor/http_server.h"
#include "checker/monitor/monitor_facts.h"
#include "checker/probe/probe_pool.h"
#include "text/address.h"
#include "zk/client.h"

namespace zkcluster {

class Monitor {
 public:
  struct Sources {  // all outlive the Monitor
    ProbePool& pool;
    Roster& roster;
    zk::Client& client;
    HookQueue& hooks;
  };
  Monitor(EventLoop& loop, Logger& logger, std::string id, std::string rack,
          const Sources& sources);

  // Serves the pages there from now on, instead of wherever they were; nothing: no more. That
  // nobody can look is no reason to stop looking after shards: an address that cannot be had is
  // told, and tried again.
  void Listen(std::optional<Address> address);
  void NoteStall(std::string_view loop) { ++stalls_[std::string(loop)]; }

 private:
  void Count();
  void Serve();
  [[nodiscard]] HttpServer::Pages Pages();
  [[nodiscard]] MonitorFacts Facts() const;
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
  SummaryLog summary_teller_;
  std::unique_ptr<Timer> count_;
  std::unique_ptr<Timer> serve_;
  bool told_unavailable_ = false;
  std::unique_ptr<HttpServer> server_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
