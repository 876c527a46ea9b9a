// Probes its share of the shards: one loop, one prober, a ServerHealth each. It hands over
// transitions, alarms and counters only, all of one turn together. When its own loop was late by
// more than `kStallLimit`, probes under way are abandoned and that time counts for nothing. When it
// was late by less, but by half of a probe's timeout while that was under way, its timeout tells of
// this process rather than of the server: it cannot tell.
//
// When a server is probed:
//   - `interval` (with jitter) after the *start* of the last probe, so that a slow one does not
//     slow the beat, and never while one is under way;
//   - `fast_interval` after the *end* of a failed one while its death is undecided;
//   - at once when its idle connection breaks, but not sooner than `fast_interval` after the last
//     start, and where many break together spread over `fast_interval`: neither hints nor
//     reconnects can make a storm.
//
// All times are in whole ticks of a TimerWheel. Loop-bound conductor.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/lifetime.h"
#include "base/loop.h"
#include "checker/probe/histogram.h"
#include "checker/probe/prober.h"
#include "checker/probe/schedule.h"
#include "checker/probe/server_health.h"
#include "checker/probe/timer_wheel.h"

namespace zkcluster {

// Names one server (a shard at an address) in one cluster, in one life of the daemon. Never reused.
using ServerHandle = std::uint64_t;
// Servers that are counted together: those of one cluster, while it is served. Never reused.
using ProbeGroup = std::uint64_t;

struct ServerToProbe {
  ServerHandle handle = 0;
  ProbeTarget target;
  HealthSettings settings;
  int required = 1;         // see ServerHealth
  Duration first_delay{0};  // see FirstDelay
  ProbeGroup group = 0;
};

struct ServerReport {
  enum class Kind : unsigned char {
    kTransition,
    kAlarm,
    kStall,  // of the worker itself; handle 0
  };
  ServerHandle handle = 0;
  Kind kind = Kind::kTransition;
  Vote vote;                             // of kTransition: the new one
  ProbeAlarm alarm = ProbeAlarm::kNone;  // of kAlarm: raised, or kNone when it is over
  Duration lateness{0};                  // of kStall
  bool operator==(const ServerReport&) const = default;
};

// Of one group. They only ever grow.
struct ProbeCounters {
  std::uint64_t started = 0;
  std::uint64_t succeeded = 0;
  std::array<std::uint64_t, kReasonCount> failed{};  // by Reason
  Histogram latency;                                 // of probes that succeeded
  ProbeCounters& operator+=(const ProbeCounters& other);
  ProbeCounters& operator-=(const ProbeCounters& earlier);
  [[nodiscard]] std::uint64_t failures() const;
};

// What a worker counts, or all workers together.
struct ProbeCounts {
  std::map<ProbeGroup, ProbeCounters> groups;
  Histogram lag;  // how late each beat of the loop was
  std::uint64_t stalls = 0;
  ProbeCounts& operator+=(const ProbeCounts& other);
  [[nodiscard]] ProbeCounters Total() const;
};

class Worker {
 public:
  // How late a turn may be before the worker abstains.
  static constexpr Duration kBeat = std::chrono::milliseconds(100);
  static constexpr Duration kStallLimit = std::chrono::milliseconds(500);

  // On this worker's loop, as a task of its own: may call the worker, or destroy it.
  using Report = std::function<void(std::vector<ServerReport>)>;

  // REQUIRES: `prober` outlives the worker.
  Worker(Loop& loop, Prober& prober, Report report);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Watch(ServerToProbe server);                                  // REQUIRES: a new handle
  void Unwatch(ServerHandle handle);                                 // unknown handles are ignored
  void Retune(ServerHandle handle, const HealthSettings& settings);  // the same
  // Reconnects, unless both are what it has.
  void Recredential(ServerHandle handle, RedisCredentials credentials,
                    std::shared_ptr<const TlsContext> tls);

  // Notices now whether the loop had stalled; what follows from that is reported as usual.
  void LookForStall() { static_cast<void>(NoteTurn(loop_.Now())); }

  // Forgets what was counted. REQUIRES: no server of it is watched any more.
  void DropGroup(ProbeGroup group) { counts_.groups.erase(group); }

  [[nodiscard]] ProbeCounters counters() const { return counts_.Total(); }
  [[nodiscard]] const ProbeCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }

 private:
  struct Server;
  using Slot = TimerWheel::Id;

  // Starts every callback. True: the loop had stalled, everything was rescheduled;
  // there is nothing to do.
  [[nodiscard]] bool NoteTurn(TimePoint now);
  void AfterStall(Duration lateness, TimePoint now);
  void OnBeat();
  [[nodiscard]] Server* Find(ServerHandle handle);
  void Prefetch(Slot slot);
  void AddToProber(Server& server);
  void OnTimer(Server& server, TimePoint now);
  void StartProbe(Server& server, TimePoint now);
  void OnResult(Server& server, ProbeResult result);
  void OnHint(Server& server);
  [[nodiscard]] TimePoint NextReconnect(const Server& server, TimePoint now);
  void NoteAlarm(Server& server, const ProbeResult& result);
  void Rearm(Server& server);
  void Tell(const Server& server, const std::optional<ServerHealth::Transition>& transition);
  void Tell(const ServerReport& report);

  Loop& loop_;
  Prober& prober_;
  Report report_;
  StallDetector stall_{kBeat, kStallLimit};
  TimerWheel wheel_;
  // By slot, which is also its number in the wheel and at the prober; null: free.
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<Slot> free_;
  std::unordered_map<ServerHandle, Slot> slots_;
  TimePoint reconnect_at_{};  // of the last connection that broke
  std::vector<ServerReport> outbox_;
  ProbeCounts counts_;
  TimePoint beat_due_{};
  std::unique_ptr<Timer> beat_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
