// Probes its share of the servers: one loop, one prober, a ServerHealth each. It passes on
// transitions, alarms and counters only, all of one turn together. When its own loop was late by
// more than `kStallLimit`, probes under way are abandoned and that time counts for nothing. A
// smaller delay may still make a timeout inconclusive: see JudgeLate.
//
// When a server is probed:
//   - `interval` (with jitter) after the *start* of the last probe, so that a slow one does not
//     slow the beat, and never while one is under way;
//   - `fast_interval` after the *end* of a failed one while its death is undecided;
//   - at once when its idle connection breaks, but not sooner than `fast_interval` after the last
//     start, and where many break together spread over `fast_interval`: neither hints nor
//     reconnects can make a storm.
//
// The identifiers of a server, from the main loop to the socket:
//   | its place in `shards` | Participant   | changes with the spec                              |
//   | ServerHandle          | pool, reports | names it for the daemon's life, is not used again  |
//   | slot = TimerWheel::Id | Worker        | its number here, in the wheel and at the prober;   |
//   |      = TargetId       |               | it is used again after Unwatch                     |
//   | connection            | SocketProber  | numbers the sockets that a target has had          |
//
// All times are in whole ticks of a TimerWheel. Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/lifetime.h"
#include "base/loop.h"
#include "checker/probe/counts.h"
#include "checker/probe/prober.h"
#include "checker/probe/report.h"
#include "checker/probe/schedule.h"
#include "checker/probe/server_health.h"
#include "checker/probe/timer_wheel.h"

namespace zkcluster {

struct ServerToProbe {
  ServerHandle handle = 0;
  ProbeTarget target;
  HealthSettings settings;
  FormerDeaths former;
  Duration first_delay{0};  // see FirstDelay
  ProbeGroup group = 0;
};

class Worker {
 public:
  // A turn later than this is a stall.
  static constexpr Duration kBeat = std::chrono::milliseconds(100);
  static constexpr Duration kStallLimit = std::chrono::milliseconds(500);

  // Called on this worker's loop, as a separate task: may call the worker, or destroy it.
  using Report = std::function<void(std::vector<WorkerReport>)>;

  // REQUIRES: `prober` outlives the worker.
  Worker(Loop& loop, Prober& prober, Report report);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Watch(ServerToProbe server);                                  // REQUIRES: a new handle
  void Unwatch(ServerHandle handle);                                 // unknown handles are ignored
  void Retune(ServerHandle handle, const HealthSettings& settings);  // the same
  // Reconnects, unless it has both already. Unknown handles are ignored.
  void SetQuestion(ServerHandle handle, ProbeQuestion question,
                   std::shared_ptr<const TlsContext> tls);

  // Checks now for a stall of the loop; its effects are reported as usual.
  void CheckForStall() {
    Enter([](const Turn&) {});
  }

  // Forgets the group's counts. REQUIRES: none of its servers is watched any more.
  void DropGroup(ProbeGroup group) { counts_.groups.erase(group); }

  [[nodiscard]] ProbeCounters counters() const { return counts_.Total(); }
  [[nodiscard]] const WorkerCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }

 private:
  struct Server;
  using Slot = TimerWheel::Id;

  // One turn of the worker.
  struct Turn {
    TimePoint now;
    bool stalled;  // the loop had stalled: everything was rescheduled a moment ago
  };
  // The only entry for callbacks and for calls about servers: a stall is noticed before anything
  // else is done. Only this makes a Turn, and everything that needs the time takes one.
  template <typename Body>
  void Enter(TimePoint now, Body body) {
    body(Turn{now, NoteStall(now)});
  }
  template <typename Body>
  void Enter(Body body) {
    Enter(loop_.Now(), body);
  }
  [[nodiscard]] bool NoteStall(TimePoint now);
  void AfterStall(Duration lateness, TimePoint now);

  void OnBeat(const Turn& turn);
  void OnTimer(const Turn& turn, Server& server);
  void StartProbe(const Turn& turn, Server& server);
  void OnResult(const Turn& turn, Server& server, const ProbeResult& seen);
  void OnHint(const Turn& turn, Server& server);
  [[nodiscard]] TimePoint NextReconnect(const Turn& turn, const Server& server);

  [[nodiscard]] Server* Find(ServerHandle handle);
  void Prefetch(Slot slot);
  void AddToProber(Server& server);
  void NoteAlarm(Server& server, const ProbeResult& result);
  void Rearm(Server& server);
  void Queue(const Server& server, const std::optional<ServerHealth::Transition>& transition);
  void QueueReturning(Server& server);
  void Queue(const WorkerReport& report);

  Loop& loop_;
  Prober& prober_;
  Report report_;
  StallDetector stall_{kBeat, kStallLimit};
  TimerWheel wheel_;
  // Indexed by slot, which is also the number in the wheel and at the prober; null: free.
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<Slot> free_;
  std::unordered_map<ServerHandle, Slot> slots_;
  TimePoint reconnect_at_{};  // for the last connection that broke
  std::vector<WorkerReport> outbox_;
  WorkerCounts counts_;
  TimePoint beat_due_{};
  std::unique_ptr<Timer> beat_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
