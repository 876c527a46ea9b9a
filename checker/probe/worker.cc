#include "checker/probe/worker.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace zkcluster {
namespace {

// Between two connections that broke in one moment. Of many hundreds all have their turn within
// one fast interval.
constexpr Duration kReconnectGap = std::chrono::milliseconds(1);

// Alarms that only a server's own words raise; until it speaks again,
// silence does not take them back.
bool ToldByServer(ProbeAlarm alarm) {
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

ProbeCounters& ProbeCounters::operator+=(const ProbeCounters& other) {
  started += other.started;
  succeeded += other.succeeded;
  for (std::size_t i = 0; i < failed.size(); ++i) failed[i] += other.failed[i];
  latency += other.latency;
  return *this;
}

ProbeCounters& ProbeCounters::operator-=(const ProbeCounters& earlier) {
  started -= earlier.started;
  succeeded -= earlier.succeeded;
  for (std::size_t i = 0; i < failed.size(); ++i) failed[i] -= earlier.failed[i];
  latency -= earlier.latency;
  return *this;
}

std::uint64_t ProbeCounters::failures() const {
  return std::accumulate(failed.begin(), failed.end(), std::uint64_t{0});
}

ProbeCounts& ProbeCounts::operator+=(const ProbeCounts& other) {
  for (const auto& [group, counters] : other.groups) groups[group] += counters;
  lag += other.lag;
  stalls += other.stalls;
  return *this;
}

ProbeCounters ProbeCounts::Total() const {
  ProbeCounters total;
  for (const auto& group : groups) total += group.second;
  return total;
}

// What each probe touches comes first, together.
struct Worker::Server {
  Server(const ServerToProbe& from, Slot at, ProbeCounters& counted)
      : slot(at),
        handle(from.handle),
        counters(counted),
        health(from.settings, from.required),
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
  ProbeTarget target;
};

Worker::Worker(Loop& loop, Prober& prober, Report report)
    : loop_(loop),
      prober_(prober),
      report_(std::move(report)),
      wheel_(
          loop, [this](Slot slot, TimePoint now) { OnTimer(*servers_[slot], now); },
          [this](Slot slot) { Prefetch(slot); }) {
  beat_ = loop_.NewTimer([this] { OnBeat(); });
  const TimePoint now = loop_.Now();
  static_cast<void>(stall_.Turn(now));
  beat_due_ = now + kBeat;
  beat_->Arm(kBeat);
}

Worker::~Worker() {
  for (const auto& [handle, slot] : slots_) prober_.RemoveTarget(slot);
}

// Ten thousand servers do not stay in the cache from one probe to the next.
void Worker::Prefetch(Slot slot) {
  const Server* const server = servers_[slot].get();
  if (server == nullptr) return;
  __builtin_prefetch(&server->slot);
  __builtin_prefetch(&server->health);
  __builtin_prefetch(&server->target);  // the end of health
  prober_.Prefetch(slot);
}

void Worker::OnBeat() {
  const TimePoint now = loop_.Now();
  static_cast<void>(NoteTurn(now));
  counts_.lag.Observe(std::max(now - beat_due_, Duration(0)));
  beat_due_ = now + kBeat;
  beat_->Arm(kBeat);
}

bool Worker::NoteTurn(TimePoint now) {
  const Duration lateness = stall_.Turn(now);
  if (lateness == Duration(0)) return false;
  AfterStall(lateness, now);
  return true;
}

void Worker::AfterStall(Duration lateness, TimePoint now) {
  ++counts_.stalls;
  ServerReport stall;
  stall.kind = ServerReport::Kind::kStall;
  stall.lateness = lateness;
  Tell(stall);
  for (const auto& server : servers_) {
    if (!server) continue;
    // What is under way has a deadline that passed while nobody looked;
    // its answer would be a guess.
    if (std::exchange(server->probing, false)) prober_.Abandon(server->slot);
    Tell(*server, server->health.Stalled(lateness, now));
    // All are overdue at once: probing them in one burst would be the next stall.
    server->due = now + FirstDelay(0, 1, server->settings().interval / 2, loop_.Random());
    Rearm(*server);
  }
}

void Worker::Watch(ServerToProbe from) {
  const TimePoint now = loop_.Now();
  static_cast<void>(NoteTurn(now));
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
  server.due = now + from.first_delay;
  AddToProber(server);
  Rearm(server);
}

Worker::Server* Worker::Find(ServerHandle handle) {
  const auto found = slots_.find(handle);
  return found == slots_.end() ? nullptr : servers_[found->second].get();
}

void Worker::AddToProber(Server& server) {
  prober_.AddTarget(server.slot, server.target, [this, &server] { OnHint(server); });
}

void Worker::Unwatch(ServerHandle handle) {
  static_cast<void>(NoteTurn(loop_.Now()));
  const auto found = slots_.find(handle);
  if (found == slots_.end()) return;
  const Slot slot = found->second;
  slots_.erase(found);
  wheel_.Cancel(slot);
  prober_.RemoveTarget(slot);
  servers_[slot].reset();
  free_.push_back(slot);
  std::erase_if(outbox_, [handle](const ServerReport& report) { return report.handle == handle; });
}

void Worker::Retune(ServerHandle handle, const HealthSettings& settings) {
  const TimePoint now = loop_.Now();
  static_cast<void>(NoteTurn(now));
  Server* const found = Find(handle);
  if (found == nullptr) return;
  Server& server = *found;
  server.health.Retune(settings);
  Tell(server, server.health.Tick(now));
  // The old interval may have been an hour; the new one counts from now,
  // spread by its jitter and more.
  server.due = std::min(server.due, now + FirstDelay(0, 1, settings.interval, loop_.Random()));
  Rearm(server);
}

void Worker::Recredential(ServerHandle handle, RedisCredentials credentials,
                          std::shared_ptr<const TlsContext> tls) {
  const TimePoint now = loop_.Now();
  static_cast<void>(NoteTurn(now));
  Server* const found = Find(handle);
  if (found == nullptr) return;
  Server& server = *found;
  if (server.target.credentials == credentials && server.target.tls == tls) return;
  server.target.credentials = std::move(credentials);
  server.target.tls = std::move(tls);
  prober_.RemoveTarget(server.slot);
  AddToProber(server);
  server.probing = false;
  // A whole cluster changes its password at once: spread the reconnects.
  server.due = now + FirstDelay(0, 1, server.settings().interval, loop_.Random());
  Rearm(server);
}

void Worker::OnTimer(Server& server, TimePoint now) {
  if (NoteTurn(now)) return;
  Tell(server, server.health.Tick(now));
  if (!server.probing && now >= server.due) StartProbe(server, now);
  Rearm(server);
}

void Worker::StartProbe(Server& server, TimePoint now) {
  ++server.counters.started;
  server.probing = true;
  server.ever_started = true;
  server.started = now;
  prober_.Start(server.slot, server.settings().timeout,
                [this, &server](const ProbeResult& result) { OnResult(server, result); });
}

void Worker::OnResult(Server& server, ProbeResult result) {
  // This one has ended and must not be abandoned; when the loop had stalled its
  // result is stale, too.
  server.probing = false;
  const TimePoint now = loop_.Now();
  if (NoteTurn(now)) return;
  if (result.reason == Reason::kTimeout &&
      stall_.LatenessSince(server.started) >= server.settings().timeout / 2) {
    result.verdict = ProbeVerdict::kCannotTell;
    result.reason = Reason::kLocalLimit;
  }
  if (result.verdict == ProbeVerdict::kAlive) {
    ++server.counters.succeeded;
    server.counters.latency.Observe(result.latency);
  } else {
    ++server.counters.failed[static_cast<std::size_t>(KnownReason(result.reason))];
  }
  NoteAlarm(server, result);
  Tell(server, server.health.Observe(result, now));
  const TimePoint from = server.health.suspect() ? now : server.started;
  server.due = std::max(now, from + Jittered(server.health.NextDelay(), loop_.Random()));
  Rearm(server);
}

void Worker::NoteAlarm(Server& server, const ProbeResult& result) {
  if (result.alarm == server.alarm) return;
  const bool silent = result.alarm == ProbeAlarm::kNone && result.verdict != ProbeVerdict::kAlive;
  if (silent && ToldByServer(server.alarm)) return;
  server.alarm = result.alarm;
  ServerReport report;
  report.handle = server.handle;
  report.kind = ServerReport::Kind::kAlarm;
  report.alarm = result.alarm;
  Tell(report);
}

void Worker::OnHint(Server& server) {
  const TimePoint now = loop_.Now();
  if (NoteTurn(now) || server.probing) return;
  server.due = std::min(server.due, NextReconnect(server, now));
  Rearm(server);
}

TimePoint Worker::NextReconnect(const Server& server, TimePoint now) {
  const Duration pause = FastInterval(server.settings());
  const Duration gap = std::min(kReconnectGap, pause / static_cast<int>(size()));
  reconnect_at_ = std::max(now, reconnect_at_ + gap);
  const TimePoint soon = server.ever_started ? server.started + pause : now;
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

void Worker::Tell(const Server& server, const std::optional<ServerHealth::Transition>& transition) {
  if (!transition) return;
  ServerReport report;
  report.handle = server.handle;
  report.vote = transition->to;
  Tell(report);
}

void Worker::Tell(const ServerReport& report) {
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
