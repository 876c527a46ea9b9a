#include "checker/probe/worker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/flapping.h"

namespace zkcluster {
namespace {

// The time between two reconnects when connections break together. Many hundreds are reconnected
// within one fast interval.
constexpr Duration kReconnectGap = std::chrono::milliseconds(1);

// Alarms that only a server's reply raises. Silence does not end them: they last until the
// server replies again.
bool ServerSaid(ProbeAlarm alarm) {
  switch (alarm) {
    case ProbeAlarm::kNoAuth:
    case ProbeAlarm::kWrongPass:
    case ProbeAlarm::kNoPerm:
    case ProbeAlarm::kDenied:
    case ProbeAlarm::kUnknownCommand:
    case ProbeAlarm::kTlsRefused:
    case ProbeAlarm::kTlsUntrusted:
    case ProbeAlarm::kTlsWrongName:
      return true;
    case ProbeAlarm::kNone:
    case ProbeAlarm::kUnresolved:
    case ProbeAlarm::kLocalLimit:
      return false;
  }
  return false;
}

}  // namespace

// What each probe touches comes first, together.
struct Worker::Server {
  Server(const ServerToProbe& from, Slot at, ProbeCounters& counted)
      : slot(at),
        handle(from.handle),
        counters(counted),
        health(from.settings, from.former),
        target(from.target) {}

  [[nodiscard]] const HealthSettings& settings() const { return health.settings(); }

  const Slot slot;
  bool probing = false;
  bool ever_started = false;
  ProbeAlarm alarm = ProbeAlarm::kNone;
  const ServerHandle handle;
  ProbeCounters& counters;  // of its group
  TimePoint started{};      // of the last probe
  TimePoint due{};          // of the next, when none is under way
  ServerHealth health;
  Returning reported;  // the way back, as last reported
  ProbeTarget target;
};

Worker::Worker(Loop& loop, Prober& prober, Report report)
    : loop_(loop),
      prober_(prober),
      report_(std::move(report)),
      wheel_(
          loop,
          [this](Slot slot, TimePoint now) {
            Enter(now, [&](const Turn& turn) { OnTimer(turn, *servers_[slot]); });
          },
          [this](Slot slot) { Prefetch(slot); }) {
  beat_ = loop_.NewTimer([this] { Enter([&](const Turn& turn) { OnBeat(turn); }); });
  const TimePoint now = loop_.Now();
  static_cast<void>(stall_.Turn(now));
  beat_due_ = now + kBeat;
  beat_->Arm(kBeat);
}

Worker::~Worker() {
  for (const auto& [handle, slot] : slots_) prober_.RemoveTarget(slot);
}

// The cache does not hold ten thousand servers from one probe to the next.
void Worker::Prefetch(Slot slot) {
  const Server* const server = servers_[slot].get();
  if (server == nullptr) return;
  __builtin_prefetch(&server->slot);
  __builtin_prefetch(&server->health);
  __builtin_prefetch(&server->target);  // the end of health
  prober_.Prefetch(slot);
}

bool Worker::NoteStall(TimePoint now) {
  const Duration lateness = stall_.Turn(now);
  if (lateness == Duration(0)) return false;
  AfterStall(lateness, now);
  return true;
}

void Worker::AfterStall(Duration lateness, TimePoint now) {
  ++counts_.stalls;
  Queue(StallReport{lateness});
  for (const auto& server : servers_) {
    if (!server) continue;
    // The deadlines of probes under way passed while this process was stopped; their results
    // would be guesses.
    if (std::exchange(server->probing, false)) prober_.Abandon(server->slot);
    // It may have been stopped right after a beat.
    Queue(*server, server->health.Stalled(lateness + kBeat, now));
    // All servers are overdue at once: one burst of probes would cause the next stall.
    server->due = now + FirstDelay(0, 1, server->settings().interval / 2, loop_.Random());
    Rearm(*server);
  }
}

void Worker::OnBeat(const Turn& turn) {
  counts_.lag.Observe(std::max(turn.now - beat_due_, Duration(0)));
  beat_due_ = turn.now + kBeat;
  beat_->Arm(kBeat);
}

void Worker::Watch(ServerToProbe from) {
  Enter([&](const Turn& turn) {
    ZKC_CHECK(Find(from.handle) == nullptr);
    if (free_.empty()) {
      free_.push_back(static_cast<Slot>(servers_.size()));
      servers_.emplace_back();
    }
    const Slot slot = free_.back();
    free_.pop_back();
    slots_.emplace(from.handle, slot);
    servers_[slot] = std::make_unique<Server>(from, slot, counts_.groups[from.group]);
    Server& server = *servers_[slot];
    server.due = turn.now + from.first_delay;
    AddToProber(server);
    Rearm(server);
  });
}

Worker::Server* Worker::Find(ServerHandle handle) {
  const auto found = slots_.find(handle);
  return found == slots_.end() ? nullptr : servers_[found->second].get();
}

void Worker::AddToProber(Server& server) {
  prober_.AddTarget(server.slot, server.target,
                    [this, &server] { Enter([&](const Turn& turn) { OnHint(turn, server); }); });
}

void Worker::Unwatch(ServerHandle handle) {
  Enter([&](const Turn&) {
    const auto found = slots_.find(handle);
    if (found == slots_.end()) return;
    const Slot slot = found->second;
    slots_.erase(found);
    wheel_.Cancel(slot);
    prober_.RemoveTarget(slot);
    servers_[slot].reset();
    free_.push_back(slot);
    std::erase_if(outbox_, [handle](const WorkerReport& report) {
      const auto* const of_server = std::get_if<ServerReport>(&report);
      return of_server != nullptr && of_server->handle == handle;
    });
  });
}

void Worker::Retune(ServerHandle handle, const HealthSettings& settings) {
  Enter([&](const Turn& turn) {
    Server* const found = Find(handle);
    if (found == nullptr) return;
    Server& server = *found;
    server.health.Retune(settings);
    Queue(server, server.health.Tick(turn.now));
    // The old interval may have been an hour; the new one counts from now, with a spread
    // beyond its jitter.
    const TimePoint soon = turn.now + FirstDelay(0, 1, settings.interval, loop_.Random());
    server.due = std::min(server.due, soon);
    Rearm(server);
  });
}

void Worker::SetQuestion(ServerHandle handle, ProbeQuestion question,
                         std::shared_ptr<const TlsContext> tls) {
  Enter([&](const Turn& turn) {
    Server* const found = Find(handle);
    if (found == nullptr) return;
    Server& server = *found;
    if (server.target.question == question && server.target.tls == tls) return;
    server.target.question = std::move(question);
    server.target.tls = std::move(tls);
    prober_.RemoveTarget(server.slot);
    AddToProber(server);
    server.probing = false;
    // A cluster's password changes for all its servers at once: spread the reconnects.
    server.due = turn.now + FirstDelay(0, 1, server.settings().interval, loop_.Random());
    Rearm(server);
  });
}

void Worker::OnTimer(const Turn& turn, Server& server) {
  if (turn.stalled) return;
  Queue(server, server.health.Tick(turn.now));
  QueueReturning(server);
  if (!server.probing && turn.now >= server.due) StartProbe(turn, server);
  Rearm(server);
}

void Worker::StartProbe(const Turn& turn, Server& server) {
  ++server.counters.started;
  server.probing = true;
  server.ever_started = true;
  server.started = turn.now;
  server.health.Asking(turn.now);
  prober_.Start(server.slot, server.settings().timeout, [this, &server](const ProbeResult& result) {
    // This comes before the turn: a probe that has ended must not be abandoned.
    server.probing = false;
    Enter([&](const Turn& end) { OnResult(end, server, result); });
  });
}

void Worker::OnResult(const Turn& turn, Server& server, const ProbeResult& seen) {
  if (turn.stalled) return;  // the result is stale, too
  const ProbeResult result = JudgeLate(seen, stall_, server.started, server.settings().timeout);
  if (result.verdict == ProbeVerdict::kAlive) {
    ++server.counters.succeeded;
    server.counters.latency.Observe(result.latency);
  } else {
    ++server.counters.failed[static_cast<std::size_t>(KnownReason(result.reason))];
  }
  NoteAlarm(server, result);
  Queue(server, server.health.Observe(result, turn.now));
  QueueReturning(server);
  const TimePoint from = server.health.suspect() ? turn.now : server.started;
  server.due = std::max(turn.now, from + Jittered(server.health.NextDelay(), loop_.Random()));
  Rearm(server);
}

void Worker::NoteAlarm(Server& server, const ProbeResult& result) {
  if (result.alarm == server.alarm) return;
  const bool silent = result.alarm == ProbeAlarm::kNone && result.verdict != ProbeVerdict::kAlive;
  if (silent && ServerSaid(server.alarm)) return;
  server.alarm = result.alarm;
  Queue(ServerReport{server.handle, result.alarm});
}

void Worker::OnHint(const Turn& turn, Server& server) {
  if (turn.stalled || server.probing) return;
  server.due = std::min(server.due, NextReconnect(turn, server));
  Rearm(server);
}

TimePoint Worker::NextReconnect(const Turn& turn, const Server& server) {
  const Duration pause = FastInterval(server.settings());
  const Duration gap = std::min(kReconnectGap, pause / static_cast<int>(size()));
  reconnect_at_ = std::max(turn.now, reconnect_at_ + gap);
  const TimePoint soon = server.ever_started ? server.started + pause : turn.now;
  return std::max(soon, reconnect_at_);
}

void Worker::Rearm(Server& server) {
  TimePoint next = server.health.NextDeadline();
  if (!server.probing) next = std::min(next, server.due);
  if (next == TimePoint::max()) {
    wheel_.Cancel(server.slot);
  } else {
    wheel_.Arm(server.slot, next);
  }
}

void Worker::Queue(const Server& server,
                   const std::optional<ServerHealth::Transition>& transition) {
  if (transition) Queue(ServerReport{server.handle, transition->to});
}

// One good probe is all that a first death owes, and nobody asks about that.
void Worker::QueueReturning(Server& server) {
  Returning now = server.health.returning();
  if (!IsFlapping(now.required)) now = {};
  if (now == server.reported) return;
  server.reported = now;
  Queue(ServerReport{server.handle, now});
}

void Worker::Queue(const WorkerReport& report) {
  outbox_.push_back(report);
  if (outbox_.size() > 1) return;
  loop_.Post(lifetime_.Guard([this] {
    auto reports = std::exchange(outbox_, {});
    if (reports.empty()) return;
    // On a copy: the listener may destroy this worker, and its own function with it.
    const Report report_now = report_;
    report_now(std::move(reports));
  }));
}

}  // namespace zkcluster
