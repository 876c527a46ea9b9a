#include "checker/probe/redis_prober.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/resolver.h"
#include "base/unique_fd.h"
#include "checker/probe/redis_reply.h"
#include "checker/probe/socket_error.h"
#include "model/address.h"

namespace zkcluster {
namespace {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
};
using EventPtr = std::unique_ptr<event, EventFree>;

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

class RedisProber final : public Prober {
 public:
  explicit RedisProber(EventLoop& loop) : loop_(loop), resolver_(loop) {}

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override;
  void RemoveTarget(TargetId id) override { targets_.erase(id); }
  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override;
  void Abandon(TargetId id) override;

 private:
  enum class Stage : unsigned char { kClosed, kResolving, kConnecting, kOpen };

  struct Target {
    RedisProber* prober = nullptr;
    std::optional<Address> address;  // nothing: not even an address
    std::string auth;                // what AUTH is sent, or empty
    std::function<void()> hint;

    // The connection. Events go before the descriptor they watch.
    Stage stage = Stage::kClosed;
    UniqueFd fd;
    EventPtr readable;
    EventPtr writable;
    std::unique_ptr<ReplyReader> reader;

    // The probe under way.
    std::function<void(const ProbeResult&)> done;
    std::unique_ptr<Timer> timer;  // its deadline, or that of one address among several
    TimePoint started{};
    TimePoint deadline{};
    bool fresh = false;      // connected by this probe
    bool retried = false;    // the old connection turned out to be dead
    bool deferring = false;  // `done` must not run now: a caller up the stack still works with us
    std::optional<ProbeResult> deferred;
    Resolver::Question question;
    std::vector<SocketAddress> addresses;
    std::size_t next_address = 0;
    std::optional<ProbeResult> address_failure;
    std::string outbox;
    std::size_t sent = 0;
    bool auth_pending = false;
    std::optional<RedisReply> auth_reply;
  };

  static void OnReadable(evutil_socket_t, short, void* target);
  static void OnWritable(evutil_socket_t, short, void* target);

  // Each of these may end the probe, and with it the target's life: nothing touches it afterwards.
  void Connect(Target& target);
  void OnResolved(Target& target, std::vector<SocketAddress> addresses);
  void TryNextAddress(Target& target);
  void OnConnectOutcome(Target& target);
  void BeginExchange(Target& target, bool fresh);
  void Flush(Target& target);
  void Receive(Target& target);
  void OnReplies(Target& target);
  void OnBroken(Target& target, int error);
  void OnTimer(Target& target);
  void Finish(Target& target, ProbeResult result);

  [[nodiscard]] int OpenSocket(Target& target, const SocketAddress& to);
  static void Close(Target& target);

  EventLoop& loop_;
  Resolver resolver_;
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
  target.timer = loop_.NewTimer([this, &target] { OnTimer(target); });
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
  target.retried = false;
  target.timer->Arm(timeout);
  target.deferring = true;
  if (target.stage == Stage::kOpen) {
    BeginExchange(target, false);
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
  target.timer->Cancel();
  target.deferred.reset();
  target.done = nullptr;
}

void RedisProber::Close(Target& target) {
  target.stage = Stage::kClosed;
  target.question.reset();
  target.readable.reset();
  target.writable.reset();
  target.reader.reset();
  target.fd.Reset();
}

void RedisProber::Finish(Target& target, ProbeResult result) {
  if (target.stage == Stage::kOpen && !(WorthKeeping(result) && target.reader->empty()))
    Close(target);
  target.question.reset();
  if (target.deferring) {
    target.deferred = result;
    target.timer->Arm(Duration(0));
    return;
  }
  target.timer->Cancel();
  target.deferred.reset();
  result.latency = loop_.Now() - target.started;
  const auto done = std::exchange(target.done, nullptr);
  done(result);
}

void RedisProber::OnTimer(Target& target) {
  if (target.deferred) {
    Finish(target, *target.deferred);
    return;
  }
  const bool more =
      target.stage == Stage::kConnecting && target.next_address < target.addresses.size();
  if (more && loop_.Now() < target.deadline) {
    Close(target);
    target.address_failure = Worse(target.address_failure, Failed(Reason::kTimeout));
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
  target.stage = Stage::kResolving;
  if (!target.address) {
    target.stage = Stage::kClosed;
    Finish(target, CannotTell(Reason::kUnresolved, ProbeAlarm::kUnresolved));
    return;
  }
  // The answer may come within the call, and the question is stored after it.
  const bool deferring = std::exchange(target.deferring, true);
  auto question = resolver_.Resolve(target.address->host, target.address->port,
                                    [this, &target](Resolver::Answer answer) {
                                      OnResolved(target, std::move(answer.addresses));
                                    });
  if (target.stage == Stage::kResolving) target.question = std::move(question);
  target.deferring = deferring;
}

void RedisProber::OnResolved(Target& target, std::vector<SocketAddress> addresses) {
  target.stage = Stage::kClosed;
  if (addresses.empty()) {
    Finish(target, CannotTell(Reason::kUnresolved, ProbeAlarm::kUnresolved));
    return;
  }
  target.addresses = std::move(addresses);
  target.next_address = 0;
  target.address_failure.reset();
  TryNextAddress(target);
}

void RedisProber::TryNextAddress(Target& target) {
  while (target.next_address < target.addresses.size()) {
    const int error = OpenSocket(target, target.addresses[target.next_address++]);
    if (error == 0) {
      // One address that swallows packets must not use up the time of the others.
      const auto share =
          static_cast<Duration::rep>(target.addresses.size() - target.next_address + 1);
      target.timer->Arm((target.deadline - loop_.Now()) / share);
      return;
    }
    Close(target);
    target.address_failure = Worse(target.address_failure, JudgeSocketError(error));
  }
  Finish(target, *target.address_failure);
}

int RedisProber::OpenSocket(Target& target, const SocketAddress& to) {
  target.fd.Reset(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!target.fd.valid()) return errno;
  const int on = 1;
  static_cast<void>(::setsockopt(target.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  if (::connect(target.fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0 &&
      errno != EINPROGRESS) {
    return errno;
  }
  const int fd = target.fd.get();
  target.readable.reset(event_new(loop_.base(), fd, EV_READ | EV_PERSIST, &OnReadable, &target));
  target.writable.reset(event_new(loop_.base(), fd, EV_WRITE, &OnWritable, &target));
  // Also when it is connected already: one path for both.
  if (!target.readable || !target.writable || event_add(target.writable.get(), nullptr) != 0) {
    return ENOMEM;
  }
  target.stage = Stage::kConnecting;
  return 0;
}

void RedisProber::OnWritable(evutil_socket_t, short, void* argument) {
  Target& target = *static_cast<Target*>(argument);
  if (target.stage == Stage::kConnecting) {
    target.prober->OnConnectOutcome(target);
  } else {
    target.prober->Flush(target);
  }
}

void RedisProber::OnConnectOutcome(Target& target) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(target.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0 && event_add(target.readable.get(), nullptr) != 0) error = ENOMEM;
  if (error != 0) {
    Close(target);
    target.address_failure = Worse(target.address_failure, JudgeConnectError(error));
    TryNextAddress(target);
    return;
  }
  target.stage = Stage::kOpen;
  target.reader = std::make_unique<ReplyReader>();
  target.timer->Arm(target.deadline - loop_.Now());
  BeginExchange(target, true);
}

void RedisProber::BeginExchange(Target& target, bool fresh) {
  target.fresh = fresh;
  target.outbox = fresh ? target.auth : std::string();
  target.outbox += kPing;
  target.sent = 0;
  target.auth_pending = fresh && !target.auth.empty();
  target.auth_reply.reset();
  Flush(target);
}

void RedisProber::Flush(Target& target) {
  while (target.sent < target.outbox.size()) {
    const ssize_t n = ::send(target.fd.get(), target.outbox.data() + target.sent,
                             target.outbox.size() - target.sent, MSG_NOSIGNAL);
    if (n >= 0) {
      target.sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      static_cast<void>(event_add(target.writable.get(), nullptr));
      return;  // should it fail: the deadline ends it
    } else if (errno != EINTR) {
      if (!target.fresh) {
        OnBroken(target, errno);
      }
      // A fresh connection that is closed already: the server may have said why ("max number of
      // clients reached"), and the read event brings that, or the end.
      return;
    }
  }
}

void RedisProber::OnReadable(evutil_socket_t, short, void* argument) {
  Target& target = *static_cast<Target*>(argument);
  target.prober->Receive(target);
}

void RedisProber::Receive(Target& target) {
  // One read a turn: a server that sends without end gets no more than its share.
  const ssize_t n = ::recv(target.fd.get(), buffer_.data(), buffer_.size(), 0);
  if (n < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) OnBroken(target, errno);
    return;
  }
  // Nobody asked: a farewell such as "-ERR ... timeout", or a server that has lost count of its
  // replies.
  if (n == 0 || target.done == nullptr) {
    OnBroken(target, kEndOfFile);
    return;
  }
  target.reader->Feed({buffer_.data(), static_cast<std::size_t>(n)});
  OnReplies(target);
}

void RedisProber::OnReplies(Target& target) {
  while (auto reply = target.reader->Next()) {
    if (!std::exchange(target.auth_pending, false)) {
      Finish(target, JudgeReplies(target.auth_reply, *reply));
      return;
    }
    if (IsFarewell(*reply)) {
      const ProbeResult result = JudgeReplies(std::nullopt, *reply);
      Close(target);
      Finish(target, result);
      return;
    }
    target.auth_reply = std::move(reply);
  }
  if (target.reader->broken()) {
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
