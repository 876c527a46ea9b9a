#include "checker/probe/net/redis_prober.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/resolver.h"
#include "checker/probe/net/ready_set.h"
#include "checker/probe/net/redis_reply.h"
#include "checker/probe/net/socket_error.h"
#include "checker/probe/net/stream.h"
#include "checker/probe/timer_wheel.h"
#include "text/address.h"

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
  explicit RedisProber(EventLoop& loop);

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override;
  void RemoveTarget(TargetId id) override;
  void Prefetch(TargetId id) override;
  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override;
  void Abandon(TargetId id) override;

 private:
  enum class Stage : unsigned char { kClosed, kResolving, kConnecting, kHandshake, kOpen };

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

  // What each probe touches comes first, together.
  struct Target {
    Detour& OnDetour() {
      if (!detour) detour = std::make_unique<Detour>();
      return *detour;
    }
    // Tells this connection from former ones, and from those of other targets.
    [[nodiscard]] std::uint64_t key() const { return std::uint64_t{connection} << 32U | id; }

    TargetId id = 0;  // also of its timer: the probe's deadline, or that of one address of several
    std::uint32_t connection = 0;
    Stream stream;
    Stage stage = Stage::kClosed;
    bool awaits_room = false;  // to send what is in the outbox
    bool fresh = false;        // connected by the probe under way
    bool retried = false;      // the old connection turned out to be dead
    bool deferring = false;    // `done` must not run now: a caller up the stack still works with us
    TimePoint started{};
    TimePoint deadline{};
    std::function<void(const ProbeResult&)> done;  // of the probe under way
    std::unique_ptr<Detour> detour;

    std::function<void()> hint;
    std::optional<Address> address;  // nothing: not even an address
    std::string auth;                // what AUTH is sent, or empty
    std::shared_ptr<const TlsContext> tls;
  };

  // Each of these may end the probe, and with it the target's life: nothing touches it afterwards.
  void OnReady(std::uint64_t key, std::uint32_t what);
  void Connect(Target& target);
  void OnResolved(Target& target, std::vector<SocketAddress> addresses);
  void TryNextAddress(Target& target);
  void OnConnectOutcome(Target& target);
  void OnHandshake(Target& target);
  void OnOpen(Target& target);
  void Ask(Target& target, std::string_view question);
  void Receive(Target& target);
  void OnReplies(Target& target);
  void OnBroken(Target& target, int error);
  void OnDeadline(TargetId id, TimePoint now);
  void Finish(Target& target, ProbeResult result);

  // Bytes of one exchange would be taken for those of the next.
  [[nodiscard]] static bool HalfDone(const Target& target) {
    const Detour* const detour = target.detour.get();
    return detour != nullptr &&
           (!detour->outbox.empty() || (detour->reader && !detour->reader->empty()));
  }
  [[nodiscard]] Target* Find(TargetId id) {
    return id < targets_.size() ? targets_[id].get() : nullptr;
  }
  [[nodiscard]] int Open(Target& target, const SocketAddress& to);
  static void Close(Target& target);

  EventLoop& loop_;
  Resolver resolver_;
  ReadySet ready_;
  TimerWheel wheel_;
  std::array<char, TlsSession::kMaxRecord> buffer_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::uint32_t connections_ = 0;
};

RedisProber::RedisProber(EventLoop& loop)
    : loop_(loop),
      resolver_(loop),
      ready_(loop, [this](std::uint64_t key, std::uint32_t what) { OnReady(key, what); }),
      wheel_(loop, [this](TimerWheel::Id id, TimePoint now) { OnDeadline(id, now); }) {}

void RedisProber::AddTarget(TargetId id, ProbeTarget from, std::function<void()> hint) {
  if (id >= targets_.size()) targets_.resize(id + std::size_t{1});
  ZKC_CHECK(targets_[id] == nullptr);
  targets_[id] = std::make_unique<Target>();
  Target& target = *targets_[id];
  target.id = id;
  target.connection = ++connections_;
  if (auto address = ParseAddress(from.addr)) target.address = *std::move(address);
  target.auth = EncodeAuth(from.credentials);
  target.tls = std::move(from.tls);
  target.hint = std::move(hint);
}

void RedisProber::RemoveTarget(TargetId id) {
  if (Find(id) == nullptr) return;
  wheel_.Cancel(id);
  targets_[id].reset();
}

void RedisProber::Prefetch(TargetId id) {
  const Target* const target = Find(id);
  if (target == nullptr) return;
  __builtin_prefetch(&target->id);
  __builtin_prefetch(&target->done);
}

void RedisProber::Start(TargetId id, Duration timeout,
                        std::function<void(const ProbeResult&)> done) {
  Target* const found = Find(id);
  ZKC_CHECK(found != nullptr);
  Target& target = *found;
  ZKC_CHECK(target.done == nullptr);
  target.done = std::move(done);
  target.started = loop_.Now();
  target.deadline = target.started + timeout;
  target.retried = target.fresh = false;
  wheel_.Arm(id, target.deadline);
  target.deferring = true;
  if (target.stage == Stage::kOpen) {
    Ask(target, kPing);
  } else {
    Connect(target);
  }
  target.deferring = false;
}

void RedisProber::Abandon(TargetId id) {
  Target* const target = Find(id);
  if (target == nullptr) return;
  Close(*target);
  wheel_.Cancel(id);
  target->done = nullptr;
}

// Also what a probe under way has collected; its deadline goes on.
void RedisProber::Close(Target& target) {
  target.stage = Stage::kClosed;
  target.stream.Close();
  target.detour.reset();
}

void RedisProber::Finish(Target& target, ProbeResult result) {
  if (!WorthKeeping(result) || HalfDone(target)) Close(target);
  target.detour.reset();
  if (target.deferring) {
    target.OnDetour().deferred = result;
    wheel_.Arm(target.id, target.started);  // as soon as may be
    return;
  }
  wheel_.Cancel(target.id);
  result.latency = loop_.Now() - target.started;
  const auto done = std::exchange(target.done, nullptr);
  done(result);
}

void RedisProber::OnDeadline(TargetId id, TimePoint now) {
  // What has arrived was in time, though nobody has looked yet.
  ready_.Look();
  Target* const found = Find(id);
  if (found == nullptr || found->done == nullptr || wheel_.armed(id)) return;
  Target& target = *found;
  Detour* const detour = target.detour.get();
  if (detour != nullptr && detour->deferred) {
    const ProbeResult result = *detour->deferred;
    Finish(target, result);
    return;
  }
  const bool more =
      target.stage == Stage::kConnecting && detour->next_address < detour->addresses.size();
  if (more && now < target.deadline) {
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
      wheel_.Arm(target.id, now + (target.deadline - now) / share);
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
  target.stage = Stage::kClosed;
  target.awaits_room = false;
  target.connection = ++connections_;
  if (const int error = target.stream.Open(to); error != 0) return error;
  // Also when it is connected already: one path for both.
  if (const int error = ready_.Add(target.stream.fd(), target.key(), EPOLLOUT); error != 0)
    return error;
  target.stage = Stage::kConnecting;
  return 0;
}

void RedisProber::OnReady(std::uint64_t key, std::uint32_t what) {
  Target* const target = Find(static_cast<TargetId>(key));
  // Of a connection that was closed since the kernel told.
  if (target == nullptr || target->key() != key || target->stage == Stage::kClosed) return;
  if (target->stage == Stage::kConnecting) {
    OnConnectOutcome(*target);
  } else if (target->stage == Stage::kHandshake) {
    OnHandshake(*target);
  } else if ((what & ~EPOLLOUT) != 0) {
    // Before what is left to send: it may be why there is nothing to be sent to any more. The rest
    // has its turn when there is nothing to read.
    Receive(*target);
  } else {
    Ask(*target, std::exchange(target->OnDetour().outbox, {}));
  }
}

void RedisProber::OnConnectOutcome(Target& target) {
  int error = target.stream.Established();
  if (error == 0) error = ready_.Change(target.stream.fd(), target.key(), EPOLLIN);
  if (error != 0) {
    target.detour->address_failure =
        Worse(target.detour->address_failure, JudgeConnectError(error));
    TryNextAddress(target);
    return;
  }
  wheel_.Arm(target.id, target.deadline);
  target.fresh = true;
  if (target.tls == nullptr) return OnOpen(target);
  target.stage = Stage::kHandshake;
  if (!target.stream.BeginTls(*target.tls, target.address->host)) return OnBroken(target, ENOMEM);
  OnHandshake(target);
}

void RedisProber::OnHandshake(Target& target) {
  const TlsSession::Step step = target.stream.tls().Handshake();
  if (step == TlsSession::Step::kDone) {
    target.awaits_room = true;  // as far as the kernel knows: Ask puts it right
    return OnOpen(target);
  }
  if (step == TlsSession::Step::kFailed) return OnBroken(target, target.stream.tls().error());
  const bool write = step == TlsSession::Step::kWantsToWrite;
  // Should it fail: the deadline ends it.
  static_cast<void>(ready_.Change(target.stream.fd(), target.key(), write ? EPOLLOUT : EPOLLIN));
}

void RedisProber::OnOpen(Target& target) {
  target.stage = Stage::kOpen;
  target.detour->auth_pending = !target.auth.empty();
  Ask(target, target.auth + std::string(kPing));
}

// What cannot be sent now waits in the outbox until the socket is ready for it.
void RedisProber::Ask(Target& target, std::string_view question) {
  while (!question.empty()) {
    const Moved moved = target.stream.Send(question);
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
  if (waits) target.OnDetour().outbox = question;
  if (waits == std::exchange(target.awaits_room, waits)) return;
  // Should it fail: the deadline ends it.
  static_cast<void>(
      ready_.Change(target.stream.fd(), target.key(), waits ? EPOLLIN | EPOLLOUT : EPOLLIN));
}

void RedisProber::Receive(Target& target) {
  // One read a turn: a server that sends without end gets no more than its share.
  const Moved moved = target.stream.Receive(buffer_);
  if (moved.error) return OnBroken(target, *moved.error);
  if (moved.bytes == 0) return;
  // Nobody asked: a farewell such as "-ERR ... timeout",
  // or a server that has lost count of its replies.
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
