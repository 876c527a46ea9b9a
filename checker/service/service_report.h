// What this checker reports to the service manager (systemd), and when:
//
//   starting --session, registration and first ballots are there--> ready (READY=1, once)
//   ready --SIGHUP--> RELOADING=1 ... READY=1          any --SIGTERM--> STOPPING=1
//
// with one STATUS= line that follows the facts, and WATCHDOG=1 at half of the manager's limit. All
// of it comes from timers of the main loop: when that hangs, the watchdog bites. While nothing but
// first ballots is missing, the checker asks for more time to start: they come within the patience
// of each cluster's interval, which may be an hour. Without a session it does not ask. Loop-bound
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
// own opinion. `starting`: what is still missing instead.
[[nodiscard]] std::string StatusLine(const CheckerFacts& facts, bool starting);

class ServiceReport {
 public:
  // How often it checks whether it is ready, until it is.
  static constexpr Duration kStartBeat = std::chrono::milliseconds(50);
  static constexpr Duration kBeat = std::chrono::seconds(1);
  // How much more time a start is given, and how often.
  static constexpr Duration kMoreTime = std::chrono::seconds(30);
  static constexpr Duration kAskEvery = std::chrono::seconds(10);

  struct Options {
    std::function<CheckerFacts()> facts;
    std::function<void(const std::string& lines)> notify;
    std::optional<Duration> watchdog;                // the whole of it; nothing: nobody watches
    std::function<void(const CheckerFacts&)> ready;  // once, before READY=1 is sent
  };

  ServiceReport(Loop& loop, Options options);

  // Round a reload. Before the service is ready nothing is sent: the manager would take the end of
  // the reload for the end of the start.
  void Reloading();
  void Reloaded();
  // Terminal, but for the watchdog: leaving may hang, too.
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
