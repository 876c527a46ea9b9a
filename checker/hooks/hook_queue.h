// Runs the command of `on_event` for each decision of this checker: flips, freezes and take-overs.
// The event is JSON on the command's stdin. Commands run one at a time, in order, and are killed
// after `kLimit`. Further events wait; above `kMaxWaiting` they are dropped and counted. So a slow
// or hung hook never delays the leader; the dropped events are in the journal (`zkctl events`).
// Loop-bound conductor; the owner passes in the function that runs a command (see child_process.h).
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "model/journal.h"

namespace zkcluster {

struct HookCounters {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;   // ended other than with exit status 0, or could not be started
  std::uint64_t dropped = 0;  // never run
};

// The input of a hook: one JSON object and a line end. The keys are those of `zkctl events -o
// json`, plus the checker and the cluster. Pure.
[[nodiscard]] std::string FormatHookEvent(const std::string& checker, const std::string& cluster,
                                          const Event& event);

struct HookRun {
  std::string cluster;
  std::string kind;   // EventKindName
  std::string input;  // for stdin
};

struct HookEnd {
  int code = -1;     // the exit status; -1 when a signal ended it
  int signal = 0;    // the signal that ended it; 0: it exited
  std::string said;  // the beginning of its stderr
};

class RunningHook {
 public:
  virtual ~RunningHook() = default;  // kills a running command; its end is not reported
  virtual void Kill() = 0;           // its end is reported as usual
};

class HookQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 100;
  static constexpr Duration kLimit = std::chrono::seconds(10);

  // `ended` runs once, in a later turn.
  using Start = std::function<Result<std::unique_ptr<RunningHook>>(
      const HookRun& run, std::function<void(const HookEnd&)> ended)>;

  HookQueue(Loop& loop, Logger& logger, std::string checker, Start start);

  void Add(const std::string& cluster, const Event& event);
  [[nodiscard]] const HookCounters& counters() const { return counters_; }

 private:
  void RunNext();
  void OnEnd(const HookEnd& end);
  void Failed(const HookRun& run, const std::string& how, const std::string& said);

  Logger& logger_;
  const std::string checker_;
  const Start start_;
  std::deque<HookRun> waiting_;
  HookRun current_;
  std::unique_ptr<RunningHook> running_;
  bool killed_ = false;  // the running one was killed: it took too long
  std::uint64_t dropped_in_a_row_ = 0;
  HookCounters counters_;
  std::unique_ptr<Timer> limit_;
  std::unique_ptr<Timer> next_;
  Lifetime run_;
};

}  // namespace zkcluster
