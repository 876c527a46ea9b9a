#include "checker/probe/net/socket_prober.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "checker/probe/net/protocol.h"
#include "checker/probe/net/ready_set.h"
#include "checker/probe/net/socket_error.h"
#include "checker/probe/net/stream.h"
#include "checker/probe/timer_wheel.h"
#include "names/socket_address.h"
#include "text/address.h"

namespace zkcluster {
namespace {

ProbeResult Unresolved() {
  return ProbeResult::Inconclusive(Reason::kUnresolved, ProbeAlarm::kUnresolved);
}

// The result of a server whose name has several addresses that all failed. A failure
// outweighs a doubt, and one failure that is not a refusal ends "only refused".
ProbeResult Worse(const std::optional<ProbeResult>& before, const ProbeResult& now) {
  if (!before) return now;
  if (before->verdict != now.verdict)
    return before->verdict == ProbeVerdict::kFailed ? *before : now;
  return before->reason == Reason::kRefused ? now : *before;
}

// One protocol for all targets with the same question: ten thousand targets of one cluster share
// it, and it stays in the cache.
class ProtocolTable {
 public:
  std::shared_ptr<const Protocol> For(const ProbeQuestion& question) {
    for (const Entry& entry : entries_) {
      if (entry.question != question) continue;
      if (auto protocol = entry.protocol.lock()) return protocol;
    }
    std::erase_if(entries_, [](const Entry& entry) { return entry.protocol.expired(); });
    std::shared_ptr<const Protocol> protocol = NewProtocol(question);
    entries_.push_back({question, protocol});
    return protocol;
  }

 private:
  struct Entry {
    ProbeQuestion question;
    std::weak_ptr<const Protocol> protocol;
  };
  std::vector<Entry> entries_;
};

// At rest a target is an open connection that waits to be readable, and a probe of it is one send,
// one receive and a deadline in the wheel: no allocation, no change of what the kernel watches.
// Everything else that a probe may need is in a Detour, which lives as long as the probe.
//
//   kClosed --Connect--> kConnecting --accepted--> kOpen
//                             | with TLS: kHandshake --done--^
//   kClosed --Connect, no address known yet--> kResolving --the first--> kConnecting
//   kConnecting --refused--> kConnecting, to the next address, or kClosed
//   any --broken, deadline, Abandon, an answer that does not keep it--> kClosed
//   kOpen --its name has left the address; no probe is under way--> kClosed
//
// Steps return the result once they know it; the entries (Start, OnReady, OnName, OnTimer) give
// it to `done`. So no step finds its target gone, and only Start has to keep a result for later.
class SocketProber final : public Prober {
 public:
  SocketProber(EventLoop& loop, Names& names);

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override;
  void RemoveTarget(TargetId id) override;
  void Prefetch(TargetId id) override;
  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override;
  void Abandon(TargetId id) override;

 private:
  enum class Stage : unsigned char { kClosed, kResolving, kConnecting, kHandshake, kOpen };

  struct Detour {
    std::vector<std::string> addresses;  // to try, literals
    std::size_t next_address = 0;
    std::optional<ProbeResult> address_failure;
    std::string outbox;   // what is not sent yet
    bool opened = false;  // this probe sent the protocol's opening
    std::unique_ptr<Exchange> exchange;
    std::optional<ProbeResult> early;  // known within Start: the timer brings it
  };

  // What each probe touches comes first, together.
  struct Target {
    Detour& OnDetour() {
      if (!detour) detour = std::make_unique<Detour>();
      return *detour;
    }
    // Distinguishes this connection from former ones and from those of other targets.
    [[nodiscard]] std::uint64_t key() const { return std::uint64_t{connection} << 32U | id; }
    [[nodiscard]] bool probing() const { return done != nullptr; }

    TargetId id = 0;  // also its timer's: the deadline of the probe, or of one of several addresses
    std::uint32_t connection = 0;
    Stream stream;
    Stage stage = Stage::kClosed;
    bool awaits_room = false;  // to send what is in the outbox
    bool fresh = false;        // connected by the probe under way
    bool retried = false;      // the old connection turned out to be dead
    bool named = false;        // its host is a name, which is followed
    TimePoint started{};
    TimePoint deadline{};
    std::function<void(const ProbeResult&)> done;  // of the probe under way
    std::unique_ptr<Detour> detour;
    std::shared_ptr<const Protocol> protocol;

    std::function<void()> hint;
    std::optional<Address> address;  // nothing: `addr` is not an address
    std::shared_ptr<const TlsContext> tls;
    Names::Following following;  // null: the host is a literal
    NameState name;              // as known; of a literal: itself
    bool name_known = false;     // `name` says something
    std::string peer;            // the literal of the newest connection
  };

  // Nothing: the probe goes on.
  using Outcome = std::optional<ProbeResult>;

  // The entries. The last action of each may end the probe, and with it the target's life.
  void OnReady(std::uint64_t key, std::uint32_t what);
  void OnName(Target& target, const NameState& state);
  void OnTimer(TargetId id, TimePoint now);
  void OnIdle(Target& target);
  void Deliver(Target& target, const Outcome& outcome);

  // The steps.
  [[nodiscard]] Outcome Connect(Target& target);
  [[nodiscard]] Outcome TryNextAddress(Target& target);
  [[nodiscard]] Outcome Advance(Target& target, std::uint32_t what);
  [[nodiscard]] Outcome OnConnectOutcome(Target& target);
  [[nodiscard]] Outcome OnHandshake(Target& target);
  [[nodiscard]] Outcome OnOpen(Target& target);
  [[nodiscard]] Outcome Send(Target& target, std::string_view bytes);
  [[nodiscard]] Outcome Receive(Target& target);
  [[nodiscard]] Outcome Read(Target& target, std::string_view bytes);
  [[nodiscard]] Outcome OnBroken(Target& target, int error);
  [[nodiscard]] Outcome OnDeadline(Target& target, TimePoint now);
  [[nodiscard]] static ProbeResult Conclude(Target& target, const Answer& answer);

  [[nodiscard]] Target* Find(TargetId id) {
    return id < targets_.size() ? targets_[id].get() : nullptr;
  }
  [[nodiscard]] int Open(Target& target, const std::string& to);
  [[nodiscard]] static bool HasLeft(const Target& target);
  [[nodiscard]] static ProbeResult Complete(const Target& target, ProbeResult result);
  static void Close(Target& target);

  EventLoop& loop_;
  Names& names_;
  ReadySet ready_;
  TimerWheel wheel_;
  ProtocolTable protocols_;
  std::array<char, TlsSession::kMaxRecord> buffer_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::uint32_t connections_ = 0;
};

SocketProber::SocketProber(EventLoop& loop, Names& names)
    : loop_(loop),
      names_(names),
      ready_(loop, [this](std::uint64_t key, std::uint32_t what) { OnReady(key, what); }),
      wheel_(loop, [this](TimerWheel::Id id, TimePoint now) { OnTimer(id, now); }) {}

void SocketProber::AddTarget(TargetId id, ProbeTarget from, std::function<void()> hint) {
  if (id >= targets_.size()) targets_.resize(id + std::size_t{1});
  ZKC_CHECK(targets_[id] == nullptr);
  targets_[id] = std::make_unique<Target>();
  Target& target = *targets_[id];
  target.id = id;
  target.connection = ++connections_;
  target.protocol = protocols_.For(from.question);
  target.tls = std::move(from.tls);
  target.hint = std::move(hint);
  auto address = ParseAddress(from.addr);
  if (!address) return;
  target.address = *std::move(address);
  const std::string& host = target.address->host;
  if (host.empty() || IsIpLiteral(host)) {
    target.name = {NameState::Standing::kResolves, {host.empty() ? "127.0.0.1" : host}};
    target.name_known = true;
  } else {
    target.named = true;
    target.following =
        names_.Follow(host, [this, &target](const NameState& state) { OnName(target, state); });
  }
}

void SocketProber::RemoveTarget(TargetId id) {
  if (Find(id) == nullptr) return;
  wheel_.Cancel(id);
  targets_[id].reset();
}

void SocketProber::Prefetch(TargetId id) {
  const Target* const target = Find(id);
  if (target == nullptr) return;
  __builtin_prefetch(&target->id);
  __builtin_prefetch(&target->detour);
}

void SocketProber::Start(TargetId id, Duration timeout,
                         std::function<void(const ProbeResult&)> done) {
  Target* const found = Find(id);
  ZKC_CHECK(found != nullptr);
  Target& target = *found;
  ZKC_CHECK(!target.probing());
  target.done = std::move(done);
  target.started = loop_.Now();
  target.deadline = target.started + timeout;
  target.retried = target.fresh = false;
  wheel_.Arm(id, target.deadline);
  const Outcome outcome =
      target.stage == Stage::kOpen ? Send(target, target.protocol->question()) : Connect(target);
  if (!outcome) return;
  // `done` must not run within this call.
  target.OnDetour().early = outcome;
  wheel_.Arm(id, target.started);
}

void SocketProber::Abandon(TargetId id) {
  Target* const target = Find(id);
  if (target == nullptr) return;
  Close(*target);
  wheel_.Cancel(id);
  target->done = nullptr;
}

// Also drops what a probe under way has collected; its deadline goes on.
void SocketProber::Close(Target& target) {
  target.stage = Stage::kClosed;
  target.stream.Close();
  target.detour.reset();
}

void SocketProber::OnReady(std::uint64_t key, std::uint32_t what) {
  Target* const target = Find(static_cast<TargetId>(key));
  // An event of a connection that was closed since the kernel noted it.
  if (target == nullptr || target->key() != key || target->stage == Stage::kClosed) return;
  if (!target->probing()) return OnIdle(*target);
  Deliver(*target, Advance(*target, what));
}

void SocketProber::OnName(Target& target, const NameState& state) {
  target.name = state;
  target.name_known = true;
  if (target.stage == Stage::kResolving) {
    target.stage = Stage::kClosed;
    return Deliver(target, Connect(target));
  }
  // A probe under way goes on: Deliver closes its connection.
  if (target.probing() || target.stage != Stage::kOpen || !HasLeft(target)) return;
  Close(target);
  const auto hint = target.hint;
  hint();
}

// The name means other addresses than that of the connection.
bool SocketProber::HasLeft(const Target& target) {
  return std::ranges::find(target.name.addresses, target.peer) == target.name.addresses.end();
}

void SocketProber::OnTimer(TargetId id, TimePoint now) {
  // Bytes that have arrived were in time, though they are not read yet.
  ready_.Poll();
  Target* const target = Find(id);
  if (target == nullptr || !target->probing() || wheel_.armed(id)) return;
  const Detour* const detour = target->detour.get();
  Deliver(*target, detour != nullptr && detour->early ? detour->early : OnDeadline(*target, now));
}

// An idle connection has ended, or brings unexpected bytes: a last message such as "-ERR ...
// timeout", or a reply too many.
void SocketProber::OnIdle(Target& target) {
  const Moved moved = target.stream.Receive(buffer_);
  if (moved.bytes == 0 && !moved.error) return;
  Close(target);
  const auto hint = target.hint;
  hint();
}

void SocketProber::Deliver(Target& target, const Outcome& outcome) {
  if (!outcome) return;
  ProbeResult result = Complete(target, *outcome);
  if (target.named && target.stage == Stage::kOpen && HasLeft(target)) Close(target);
  target.detour.reset();
  wheel_.Cancel(target.id);
  result.latency = loop_.Now() - target.started;
  const auto done = std::exchange(target.done, nullptr);
  done(result);
}

// A server is judged by its last good addresses when its name is gone; that somebody has to mend
// the name is reported beside that.
ProbeResult SocketProber::Complete(const Target& target, ProbeResult result) {
  if (target.named && target.name.standing == NameState::Standing::kGone &&
      result.alarm == ProbeAlarm::kNone) {
    result.alarm = ProbeAlarm::kUnresolved;
  }
  return result;
}

SocketProber::Outcome SocketProber::OnDeadline(Target& target, TimePoint now) {
  if (target.stage == Stage::kConnecting && now < target.deadline) {
    Detour& detour = *target.detour;
    if (detour.next_address < detour.addresses.size()) {
      detour.address_failure = Worse(detour.address_failure, ProbeResult::Failed(Reason::kTimeout));
      return TryNextAddress(target);
    }
  }
  const bool resolving = target.stage == Stage::kResolving;
  // A late answer must not be taken for the answer to the next question.
  Close(target);
  return resolving ? Unresolved() : ProbeResult::Failed(Reason::kTimeout);
}

SocketProber::Outcome SocketProber::Connect(Target& target) {
  if (!target.address) return Unresolved();
  if (!target.name_known) {
    target.stage = Stage::kResolving;
    return std::nullopt;
  }
  Detour& detour = target.OnDetour();
  detour.addresses = target.name.addresses;
  detour.next_address = 0;
  // The one that worked last comes first: others of many may be dead for good.
  const auto last = std::ranges::find(detour.addresses, target.peer);
  if (last != detour.addresses.end()) std::rotate(detour.addresses.begin(), last, last + 1);
  return TryNextAddress(target);
}

SocketProber::Outcome SocketProber::TryNextAddress(Target& target) {
  Detour& detour = *target.detour;
  const std::vector<std::string>& addresses = detour.addresses;
  while (detour.next_address < addresses.size()) {
    const int error = Open(target, addresses[detour.next_address++]);
    if (error == 0) {
      // One address that drops packets must not use up the time of the others.
      const auto share = static_cast<Duration::rep>(addresses.size() - detour.next_address + 1);
      const TimePoint now = loop_.Now();
      wheel_.Arm(target.id, now + (target.deadline - now) / share);
      return std::nullopt;
    }
    detour.address_failure = Worse(detour.address_failure, JudgeSocketError(error));
  }
  const ProbeResult failure = detour.address_failure.value_or(Unresolved());
  Close(target);
  return failure;
}

// Keeps the detour: it continues with other addresses.
int SocketProber::Open(Target& target, const std::string& to) {
  target.stage = Stage::kClosed;
  target.awaits_room = false;
  target.connection = ++connections_;
  const auto address = SocketAddressOf(to, target.address->port);
  if (!address) return ENETUNREACH;  // an IPv6 zone that this host does not have
  if (const int error = target.stream.Open(*address); error != 0) return error;
  // Also if it is connected already: one path for both.
  if (const int error = ready_.Add(target.stream.fd(), target.key(), EPOLLOUT); error != 0)
    return error;
  target.stage = Stage::kConnecting;
  return 0;
}

SocketProber::Outcome SocketProber::Advance(Target& target, std::uint32_t what) {
  if (target.stage == Stage::kConnecting) return OnConnectOutcome(target);
  if (target.stage == Stage::kHandshake) return OnHandshake(target);
  // Read before sending the rest: the bytes may say why the server closed. The rest is sent when
  // there is nothing to read.
  if ((what & ~EPOLLOUT) != 0) return Receive(target);
  return Send(target, std::exchange(target.OnDetour().outbox, {}));
}

SocketProber::Outcome SocketProber::OnConnectOutcome(Target& target) {
  int error = target.stream.Established();
  if (error == 0) error = ready_.Change(target.stream.fd(), target.key(), EPOLLIN);
  if (error != 0) {
    target.detour->address_failure =
        Worse(target.detour->address_failure, JudgeConnectError(error));
    return TryNextAddress(target);
  }
  wheel_.Arm(target.id, target.deadline);
  target.fresh = true;
  target.peer = target.detour->addresses[target.detour->next_address - 1];
  if (target.tls == nullptr) return OnOpen(target);
  target.stage = Stage::kHandshake;
  if (!target.stream.BeginTls(*target.tls, target.address->host)) return OnBroken(target, ENOMEM);
  return OnHandshake(target);
}

SocketProber::Outcome SocketProber::OnHandshake(Target& target) {
  const TlsSession::Step step = target.stream.tls().Handshake();
  if (step == TlsSession::Step::kDone) {
    target.awaits_room = true;  // as registered with the kernel: Send corrects it
    return OnOpen(target);
  }
  if (step == TlsSession::Step::kFailed) return OnBroken(target, target.stream.tls().error());
  const bool write = step == TlsSession::Step::kWantsToWrite;
  // Should it fail: the deadline ends it.
  static_cast<void>(ready_.Change(target.stream.fd(), target.key(), write ? EPOLLOUT : EPOLLIN));
  return std::nullopt;
}

SocketProber::Outcome SocketProber::OnOpen(Target& target) {
  target.stage = Stage::kOpen;
  const Protocol& protocol = *target.protocol;
  if (const auto answer = protocol.OnConnected()) return Conclude(target, *answer);
  const std::string_view opening = protocol.opening();
  target.detour->opened = !opening.empty();
  return Send(target, std::string(opening).append(protocol.question()));
}

// What cannot be sent now waits in the outbox until the socket is ready for it.
SocketProber::Outcome SocketProber::Send(Target& target, std::string_view bytes) {
  while (!bytes.empty()) {
    const Moved moved = target.stream.Send(bytes);
    if (moved.error) {
      // A fresh connection that is closed already: the server may have said why ("max number of
      // clients reached"), and the read event brings that, or the end.
      if (target.fresh) return std::nullopt;
      return OnBroken(target, *moved.error);
    }
    if (moved.bytes == 0) break;
    bytes.remove_prefix(moved.bytes);
  }
  const bool waits = !bytes.empty();
  if (waits) target.OnDetour().outbox = bytes;
  if (waits == std::exchange(target.awaits_room, waits)) return std::nullopt;
  // Should it fail: the deadline ends it.
  static_cast<void>(
      ready_.Change(target.stream.fd(), target.key(), waits ? EPOLLIN | EPOLLOUT : EPOLLIN));
  return std::nullopt;
}

SocketProber::Outcome SocketProber::Receive(Target& target) {
  // One read a turn: a server that sends without end gets no more than its share.
  const Moved moved = target.stream.Receive(buffer_);
  if (moved.error) return OnBroken(target, *moved.error);
  if (moved.bytes == 0) return std::nullopt;
  return Read(target, {buffer_.data(), moved.bytes});
}

SocketProber::Outcome SocketProber::Read(Target& target, std::string_view bytes) {
  const Protocol& protocol = *target.protocol;
  Detour* const detour = target.detour.get();
  if (detour == nullptr || (!detour->exchange && !detour->opened)) {
    if (const auto answer = protocol.Recognize(bytes)) return Conclude(target, *answer);
  }
  auto& exchange = target.OnDetour().exchange;
  if (!exchange) exchange = protocol.NewExchange(target.detour->opened);
  const auto answer = exchange->Feed(bytes);
  return answer ? Outcome(Conclude(target, *answer)) : std::nullopt;
}

ProbeResult SocketProber::Conclude(Target& target, const Answer& answer) {
  // The answer came before the whole question was sent: its rest would belong to the next one.
  const bool unsent = target.detour != nullptr && !target.detour->outbox.empty();
  if (!answer.keep_connection || unsent) Close(target);
  return answer.result;
}

SocketProber::Outcome SocketProber::OnBroken(Target& target, int error) {
  Close(target);
  // The end of a connection that was open before this probe says nothing about the server now: it
  // may have been restarted since (alive), or be gone (refused: stronger evidence than a reset).
  // Ask again on a new one.
  if (target.fresh || target.retried) return JudgeSocketError(error);
  target.retried = true;
  return Connect(target);
}

}  // namespace

std::unique_ptr<Prober> NewSocketProber(EventLoop& loop, Names& names) {
  return std::make_unique<SocketProber>(loop, names);
}

}  // namespace zkcluster
