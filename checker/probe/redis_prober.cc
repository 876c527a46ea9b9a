#include "checker/probe/redis_prober.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/resolver.h"
#include "checker/probe/redis_reply.h"
#include "checker/probe/socket_error.h"
#include "checker/probe/stream.h"
#include "checker/probe/timer_wheel.h"
#include "model/address.h"

namespace zkcluster {
namespace {

ProbeResult Failed(Reason reason) {
  return {ProbeVerdict::kFailed, reason, ProbeAlarm::kNone, {}};
}
ProbeResult CannotTell(Reason reason, ProbeAlarm alarm) {
  return {ProbeVerdict::kCannotTell, reason, alarm, {}};
}

// A name has several addresses and none worked: what is said of the server. A failure says more
// than a doubt, and one of them that is not a refusal spoils "only refused".
ProbeResult Worse(const std::optional<ProbeResult>& before, const ProbeResult& now) {
  if (!before) return now;
  if (before->verdict != now.verdict)
    return before->verdict == ProbeVerdict::kFailed ? *before : now;
  return before->reason == Reason::kRefused ? now : *before;
}

// May the connection serve the next probe? Not after an alarm: the next probe is to send AUTH
// again, so that mended credentials are noticed.
bool WorthKeeping(const ProbeResult& result) {
  switch (result.reason) {
    case Reason::kNone:
    case Reason::kLoading:
    case Reason::kMasterDown:
    case Reason::kBusy:
    case Reason::kMisconf:
      return result.alarm == ProbeAlarm::kNone;
    default:
      return false;
  }
}

// At rest a target is an open connection that waits to be readable, and a probe of it is one send,
// one receive and a deadline in the wheel: no allocation, no change of what the kernel watches.
// Everything else that may happen on the way is in a Detour, which lasts as long as the probe.
class RedisProber final : public Prober {
 public:
  explicit RedisProber(EventLoop& loop)
      : loop_(loop), resolver_(loop), wheel_(loop, [this](TimerWheel::Entry& entry, TimePoint) {
          OnTimer(static_cast<Target&>(entry));
        }) {}

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override;
  void RemoveTarget(TargetId id) override { targets_.erase(id); }
  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override;
  void Abandon(TargetId id) override;

 private:
  enum class Stage : unsigned char { kClosed, kResolving, kConnecting, kOpen };

  struct Detour {
    Resolver::Question question;
    std::vector<SocketAddress> addresses;
    std::size_t next_address = 0;
    std::optional<ProbeResult> address_failure;
    std::string outbox;  // what is not sent yet
    bool auth_pending = false;
    std::optional<RedisReply> auth_reply;
    std::unique_ptr<ReplyReader> reader;
    std::optional<ProbeResult> deferred;
  };

  // Its entry in the wheel is the probe's deadline, or that of one address among several.
  struct Target : TimerWheel::Entry {
    Target() = default;
    ~Target() { Close(*this); }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    Detour& OnDetour() {
      if (!detour) detour = std::make_unique<Detour>();
      return *detour;
    }

    RedisProber* prober = nullptr;
    std::function<void()> hint;
    std::optional<Address> address;  // nothing: not even an address
    std::string auth;                // what AUTH is sent, or empty

    // The connection. The event is assigned, and known to the loop, while there is one.
    Stream stream;
    Stage stage = Stage::kClosed;
    event ready{};

    // The probe under way.
    bool fresh = false;      // connected by this probe
    bool retried = false;    // the old connection turned out to be dead
    bool deferring = false;  // `done` must not run now: a caller up the stack still works with us
    std::function<void(const ProbeResult&)> done;
    TimePoint started{};
    TimePoint deadline{};
    std::unique_ptr<Detour> detour;
  };

  static void OnReady(evutil_socket_t, short what, void* target);

  // Each of these may end the probe, and with it the target's life: nothing touches it afterwards.
  void Connect(Target& target);
  void OnResolved(Target& target, std::vector<SocketAddress> addresses);
  void TryNextAddress(Target& target);
  void OnConnectOutcome(Target& target);
  void Ask(Target& target, std::string_view question);
  void Receive(Target& target);
  void OnReplies(Target& target);
  void OnBroken(Target& target, int error);
  void OnTimer(Target& target);
  void Finish(Target& target, ProbeResult result);

  // Bytes of one exchange would be taken for those of the next.
  [[nodiscard]] static bool HalfDone(const Target& target) {
    const Detour* const detour = target.detour.get();
    return detour != nullptr &&
           (!detour->outbox.empty() || (detour->reader && !detour->reader->empty()));
  }
  [[nodiscard]] int Open(Target& target, const SocketAddress& to);
  [[nodiscard]] int Await(Target& target, short what);
  static void Close(Target& target);

  EventLoop& loop_;
  Resolver resolver_;
  TimerWheel wheel_;
  std::array<char, 16 * 1024> buffer_;
  std::unordered_map<TargetId, std::unique_ptr<Target>> targets_;
};

void RedisProber::AddTarget(TargetId id, ProbeTarget from, std::function<void()> hint) {
  auto& slot = targets_[id];
  ZKC_CHECK(slot == nullptr);
  slot = std::make_unique<Target>();
  Target& target = *slot;
  target.prober = this;
  if (auto address = ParseAddress(from.addr)) target.address = *std::move(address);
  target.auth = EncodeAuth(from.credentials);
  target.hint = std::move(hint);
}

void RedisProber::Start(TargetId id, Duration timeout,
                        std::function<void(const ProbeResult&)> done) {
  const auto found = targets_.find(id);
  ZKC_CHECK(found != targets_.end());
  Target& target = *found->second;
  ZKC_CHECK(target.done == nullptr);
  target.done = std::move(done);
  target.started = loop_.Now();
  target.deadline = target.started + timeout;
  target.retried = target.fresh = false;
  wheel_.Arm(target, target.deadline);
  target.deferring = true;
  if (target.stage == Stage::kOpen) {
    Ask(target, kPing);
  } else {
    Connect(target);
  }
  target.deferring = false;
}

void RedisProber::Abandon(TargetId id) {
  const auto found = targets_.find(id);
  if (found == targets_.end()) return;
  Target& target = *found->second;
  Close(target);
  TimerWheel::Cancel(target);
  target.done = nullptr;
}

// Also what a probe under way has collected; its deadline goes on.
void RedisProber::Close(Target& target) {
  if (target.stage == Stage::kConnecting || target.stage == Stage::kOpen) event_del(&target.ready);
  target.stage = Stage::kClosed;
  target.stream.Close();
  target.detour.reset();
}

void RedisProber::Finish(Target& target, ProbeResult result) {
  if (!WorthKeeping(result) || HalfDone(target)) Close(target);
  target.detour.reset();
  if (target.deferring) {
    target.OnDetour().deferred = result;
    wheel_.Arm(target, target.started);  // as soon as may be
    return;
  }
  TimerWheel::Cancel(target);
  result.latency = loop_.Now() - target.started;
  const auto done = std::exchange(target.done, nullptr);
  done(result);
}

void RedisProber::OnTimer(Target& target) {
  Detour* const detour = target.detour.get();
  if (detour != nullptr && detour->deferred) {
    const ProbeResult result = *detour->deferred;
    Finish(target, result);
    return;
  }
  const bool more =
      target.stage == Stage::kConnecting && detour->next_address < detour->addresses.size();
  if (more && loop_.Now() < target.deadline) {
    detour->address_failure = Worse(detour->address_failure, Failed(Reason::kTimeout));
    TryNextAddress(target);
    return;
  }
  const bool resolving = target.stage == Stage::kResolving;
  // An answer that comes after all must not be taken for that to the next PING.
  Close(target);
  Finish(target, resolving ? CannotTell(Reason::kUnresolved, ProbeAlarm::kUnresolved)
                           : Failed(Reason::kTimeout));
}

void RedisProber::Connect(Target& target) {
  if (!target.address) {
    Finish(target, CannotTell(Reason::kUnresolved, ProbeAlarm::kUnresolved));
    return;
  }
  target.stage = Stage::kResolving;
  // The answer may come within the call, and the question is stored after it.
  const bool deferring = std::exchange(target.deferring, true);
  auto question = resolver_.Resolve(target.address->host, target.address->port,
                                    [this, &target](Resolver::Answer answer) {
                                      OnResolved(target, std::move(answer.addresses));
                                    });
  if (target.stage == Stage::kResolving) target.OnDetour().question = std::move(question);
  target.deferring = deferring;
}

void RedisProber::OnResolved(Target& target, std::vector<SocketAddress> addresses) {
  target.stage = Stage::kClosed;
  if (addresses.empty()) {
    Finish(target, CannotTell(Reason::kUnresolved, ProbeAlarm::kUnresolved));
    return;
  }
  target.OnDetour().addresses = std::move(addresses);
  TryNextAddress(target);
}

void RedisProber::TryNextAddress(Target& target) {
  Detour& detour = *target.detour;
  while (detour.next_address < detour.addresses.size()) {
    const int error = Open(target, detour.addresses[detour.next_address++]);
    if (error == 0) {
      // One address that swallows packets must not use up the time of the others.
      const auto share =
          static_cast<Duration::rep>(detour.addresses.size() - detour.next_address + 1);
      const TimePoint now = loop_.Now();
      wheel_.Arm(target, now + (target.deadline - now) / share);
      return;
    }
    detour.address_failure = Worse(detour.address_failure, JudgeSocketError(error));
  }
  const ProbeResult failure = *detour.address_failure;
  Close(target);
  Finish(target, failure);
}

// Leaves the detour alone: it goes on to other addresses.
int RedisProber::Open(Target& target, const SocketAddress& to) {
  if (target.stage == Stage::kConnecting) event_del(&target.ready);
  target.stage = Stage::kClosed;
  if (const int error = target.stream.Open(to); error != 0) return error;
  // Also when it is connected already: one path for both.
  if (const int error = Await(target, EV_WRITE); error != 0) return error;
  target.stage = Stage::kConnecting;
  return 0;
}

int RedisProber::Await(Target& target, short what) {
  const auto persist = static_cast<short>((what & EV_READ) != 0 ? EV_PERSIST : 0);
  const bool added = event_assign(&target.ready, loop_.base(), target.stream.fd(),
                                  static_cast<short>(what | persist), &OnReady, &target) == 0 &&
                     event_add(&target.ready, nullptr) == 0;
  return added ? 0 : ENOMEM;
}

void RedisProber::OnReady(evutil_socket_t, short what, void* argument) {
  Target& target = *static_cast<Target*>(argument);
  RedisProber& prober = *target.prober;
  if (target.stage == Stage::kConnecting) {
    prober.OnConnectOutcome(target);
  } else if ((what & EV_READ) != 0) {
    // Before what is left to send: it may be why there is nothing to be sent to any more. The rest
    // has its turn when there is nothing to read.
    prober.Receive(target);
  } else {
    prober.Ask(target, std::exchange(target.OnDetour().outbox, {}));
  }
}

void RedisProber::OnConnectOutcome(Target& target) {
  int error = target.stream.Established();
  if (error == 0) error = Await(target, EV_READ);
  if (error != 0) {
    target.detour->address_failure =
        Worse(target.detour->address_failure, JudgeConnectError(error));
    TryNextAddress(target);
    return;
  }
  target.stage = Stage::kOpen;
  wheel_.Arm(target, target.deadline);
  target.fresh = true;
  target.detour->auth_pending = !target.auth.empty();
  Ask(target, target.auth + std::string(kPing));
}

// What cannot be sent now waits in the outbox until the socket is ready for it.
void RedisProber::Ask(Target& target, std::string_view question) {
  while (!question.empty()) {
    const Stream::Moved moved = target.stream.Send(question);
    if (moved.error) {
      // A fresh connection that is closed already: the server may have said why ("max number of
      // clients reached"), and the read event brings that, or the end.
      if (!target.fresh) OnBroken(target, *moved.error);
      return;
    }
    if (moved.bytes == 0) break;
    question.remove_prefix(moved.bytes);
  }
  const bool waits = !question.empty();
  const bool waited = (event_get_events(&target.ready) & EV_WRITE) != 0;
  if (waits) target.OnDetour().outbox = question;
  if (waits == waited) return;
  event_del(&target.ready);
  // Should it fail: the deadline ends it.
  static_cast<void>(Await(target, waits ? EV_READ | EV_WRITE : EV_READ));
}

void RedisProber::Receive(Target& target) {
  // One read a turn: a server that sends without end gets no more than its share.
  const Stream::Moved moved = target.stream.Receive(buffer_);
  if (moved.error) return OnBroken(target, *moved.error);
  if (moved.bytes == 0) return;
  // Nobody asked: a farewell such as "-ERR ... timeout", or a server that has lost count of its
  // replies.
  if (target.done == nullptr) return OnBroken(target, kEndOfFile);
  const std::string_view bytes(buffer_.data(), moved.bytes);
  Detour* const detour = target.detour.get();
  const bool first = detour == nullptr || (!detour->reader && !detour->auth_pending);
  if (first && bytes == kPongReply) {
    Finish(target, {ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNone, {}});
    return;
  }
  auto& reader = target.OnDetour().reader;
  if (!reader) reader = std::make_unique<ReplyReader>();
  reader->Feed(bytes);
  OnReplies(target);
}

void RedisProber::OnReplies(Target& target) {
  Detour& detour = *target.detour;
  while (auto reply = detour.reader->Next()) {
    if (!std::exchange(detour.auth_pending, false)) {
      Finish(target, JudgeReplies(detour.auth_reply, *reply));
      return;
    }
    if (IsFarewell(*reply)) {
      const ProbeResult result = JudgeReplies(std::nullopt, *reply);
      Close(target);
      Finish(target, result);
      return;
    }
    detour.auth_reply = std::move(reply);
  }
  if (detour.reader->broken()) {
    Close(target);
    Finish(target, Failed(Reason::kProtocol));
  }
}

void RedisProber::OnBroken(Target& target, int error) {
  Close(target);
  if (target.done == nullptr) {
    const auto hint = target.hint;
    hint();
    return;
  }
  // The end of a connection that was open before this probe says nothing about the server now: it
  // may have been restarted since (alive), or be gone (refused: stronger evidence than a reset).
  // Ask anew.
  if (!target.fresh && !target.retried) {
    target.retried = true;
    Connect(target);
    return;
  }
  Finish(target, JudgeSocketError(error));
}

}  // namespace

std::unique_ptr<Prober> NewRedisProber(EventLoop& loop) {
  return std::make_unique<RedisProber>(loop);
}

}  // namespace zkcluster
