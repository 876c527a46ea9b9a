// Reports this checker's state to the service manager (systemd):
//
//   starting --session, registration and first ballots are there--> ready (READY=1, once)
//   ready --SIGHUP--> RELOADING=1 ... READY=1          any --SIGTERM--> STOPPING=1
//
// with a STATUS= line that follows the facts, and WATCHDOG=1 at half of the manager's limit. Timers
// of the main loop send all of it: when that loop hangs, the watchdog ends the process. While only
// first ballots are missing, the checker asks for more time to start: the ballots depend on each
// cluster's interval, which may be an hour. Without a session it does not ask. Loop-bound
// conductor; StatusLine is Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "checker/cluster/checker_facts.h"

namespace zkcluster {

// "leader of 3 of 12 clusters, 4,812 shards, 2 dead, session connected"; dead is by this checker's
// own opinion. If `starting`: what is still missing.
[[nodiscard]] std::string StatusLine(const CheckerFacts& facts, bool starting);

class ServiceReport {
 public:
  // Until it is ready, it checks this often.
  static constexpr Duration kStartBeat = std::chrono::milliseconds(50);
  static constexpr Duration kBeat = std::chrono::seconds(1);
  // The time that each extension of the start asks for, and the time between them.
  static constexpr Duration kMoreTime = std::chrono::seconds(30);
  static constexpr Duration kAskEvery = std::chrono::seconds(10);

  struct Options {
    std::function<CheckerFacts()> facts;
    std::function<void(const std::string& lines)> notify;
    std::optional<Duration> watchdog;                // the whole limit; nothing: no watchdog
    std::function<void(const CheckerFacts&)> ready;  // once, before READY=1 is sent
  };

  ServiceReport(Loop& loop, Options options);

  // Call them before and after a reload. Nothing is sent until the service is ready: the manager
  // would take the end of the reload for the end of the start.
  void Reloading();
  void Reloaded();
  // Final, except for the watchdog: leaving may hang, too.
  void Stopping(std::string_view why);

 private:
  void Check();
  void AskForTime(const CheckerFacts& facts);
  void FeedWatchdog();

  Loop& loop_;
  const Options options_;
  std::unique_ptr<Timer> check_;
  std::unique_ptr<Timer> watchdog_;
  bool ready_ = false;
  bool stopping_ = false;
  std::optional<TimePoint> asked_;
  std::string status_;  // as sent last
};

}  // namespace zkcluster
