// zk::Client over libzookeeper_st, Debian's 3.8.0. The library's traps, and how each is met:
//
// - The multi-threaded build keeps the session of a hung program alive: the single-threaded one is
//   driven by our loop, so a loop that hangs loses its session.
// - A fifth of the disconnects come without an event, and "expired" is never said while there is no
//   connection: no event is listened to. After each step the handle's state is asked for (Track),
//   and its worth is judged by our clock (SessionTracker), before anything the library says.
// - Its pings tell us nothing: an idle session reads "/" each sixth of its timeout (Beat).
// - With an even number of addresses half of them are never tried: one is repeated (Connector).
// - It resolves names at every turn, blocking: it is given literals; we resolve (Resolver).
// - A dead address costs two thirds of the timeout: slow attempts are broken off (Connector).
// - Requests issued while disconnected are queued and sent later: verbs are refused unless we are
//   connected, and what a failed send leaves in the queue is dropped (NativeHandle::DropQueue).
// - An expired handle stays so for ever: a new one is opened, under a new generation number.
// - zoo_amulti frees an uninitialised pointer on an expired handle or a bad path: both are asked
//   about directly before (NativeHandle::Multi, WhyNeverSent).
// - The server hangs up on 1,048,576 bytes, again and again: larger requests are refused here.
// - zookeeper_close blocks for 1.5 to 4.5 s when the server hangs: Close asks for a sign of life
//   first, and says goodbye without waiting when there is none.
// - Its socket is inherited by every child of the program, and lives on there after it is closed:
//   it is marked as soon as its number is known (NativeHandle::Poll), and listened to under a
//   duplicate, which can always be taken out of the loop (SocketListener).
// - Its completions may not destroy the handle: they fill an inbox, emptied afterwards (Deliver).
// - Logging at debug level reads freed memory: never above warnings.
// - It forms log lines and counts requests in static memory, shared by the handles of all threads
//   (two Clusters of one program): lines may mix, and numbers that come twice do no harm.
#include "zk/native_client.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/join.h"
#include "base/unique_fd.h"
#include "zk/connector.h"
#include "zk/native_errors.h"
#include "zk/native_handle.h"
#include "zk/session_tracker.h"
#include "zk/socket_listener.h"

namespace zkcluster::zk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Link = NativeHandle::Link;

// Close: to reconnect and to get a sign of life, then for the goodbye. Together below the 2 s
// promised, with 1.5 s of zookeeper_close itself in the worst case, of a server that stops
// between the two.
constexpr Duration kSignOfLifeLimit = milliseconds(500);
constexpr Duration kReconnectLimit = milliseconds(1500);
constexpr Duration kCloseLimit = milliseconds(1900);

class NativeClient final : public Client {
 public:
  NativeClient(EventLoop& loop, Logger& logger, NativeClientOptions options)
      : loop_(loop),
        logger_(logger),
        options_(std::move(options)),
        tracker_(options_.session_timeout),
        connector_(loop, logger, inbox_, options_, [this] { Soon(); }),
        listener_(loop, [this](bool readable, bool writable) { Wake(readable, writable); }),
        timer_(loop.NewTimer([this] { Wake(false, false); })) {
    LogState(reported_);
    Soon();
  }

  // --- verbs ---

  void Get(const std::string& path, Watch watch, Callback<Node> done) override {
    if (Refused("get ", path, {}, false, done)) return;
    handle_->Get(path, std::move(watch), std::move(done));
    AfterVerb();
  }
  void Exists(const std::string& path, Watch watch, Callback<std::optional<Stat>> done) override {
    if (Refused("exists ", path, {}, false, done)) return;
    handle_->Exists(path, std::move(watch), std::move(done));
    AfterVerb();
  }
  void Children(const std::string& path, Watch watch,
                Callback<std::vector<std::string>> done) override {
    if (Refused("children of ", path, {}, false, done)) return;
    handle_->Children(path, std::move(watch), std::move(done));
    AfterVerb();
  }
  void Create(const std::string& path, std::string data, CreateMode mode,
              Callback<std::string> done) override {
    if (Refused("create ", path, data, IsSequential(mode), done)) return;
    handle_->Create(path, data, mode, std::move(done));
    AfterVerb();
  }
  void Set(const std::string& path, std::string data, Version version,
           Callback<Stat> done) override {
    if (Refused("set ", path, data, false, done)) return;
    handle_->Set(path, data, version, std::move(done));
    AfterVerb();
  }
  void Delete(const std::string& path, Version version, Callback<void> done) override {
    if (Refused("delete ", path, {}, false, done)) return;
    handle_->Delete(path, version, std::move(done));
    AfterVerb();
  }
  void Multi(std::vector<Op> ops, MultiCallback done) override {
    auto error = WhyNeverSent(ops);
    if (!error) error = WhyNotNow();
    if (error) return FailLater(error->Within("multi"), std::move(done));
    handle_->Multi(std::move(ops), std::move(done));
    AfterVerb();
  }
  void ResetAcl(const std::string& path, Callback<void> done) override {
    if (Refused("set the list of ", path, {}, false, done)) return;
    handle_->ResetAcl(path, std::move(done));
    AfterVerb();
  }
  void Sync(const std::string& path, Callback<void> done) override {
    if (Refused("sync ", path, {}, false, done)) return;
    handle_->Sync(path, std::move(done));
    AfterVerb();
  }

  // --- session ---

  SessionState state() const override {
    return closed_ ? SessionState::kLost : tracker_.StateAt(loop_.Now());
  }
  std::int64_t session_id() const override { return session_id_; }
  std::uint64_t generation() const override { return generation_; }
  Duration session_timeout() const override { return tracker_.timeout(); }
  TimePoint last_contact() const override { return tracker_.last_contact(); }
  Subscription OnSession(std::function<void(const SessionEvent&)> listener) override {
    return listeners_->Add(std::move(listener));
  }

  void Close(std::function<void()> done) override {
    ZKC_CHECK(!closing_);
    closing_ = true;
    close_done_ = std::move(done);
    close_deadline_ = loop_.Now() + (CanTalk() ? kSignOfLifeLimit : kReconnectLimit);
    final_deadline_ = loop_.Now() + kCloseLimit;
    Soon();
  }

 private:
  // The library says connected, and our clock does not object.
  [[nodiscard]] bool CanTalk() const {
    return handle_ && !reaping_ && handle_->link() == Link::kConnected &&
           state() == SessionState::kConnected;
  }

  template <class T>
  bool Refused(std::string_view verb, const std::string& path, std::string_view data,
               bool sequential, Callback<T>& done) {
    auto error = WhyNeverSent(path, data, sequential);
    if (!error) error = WhyNotNow();
    if (!error) return false;
    FailLater(error->Within(std::string(verb) + path), std::move(done));
    return true;
  }

  [[nodiscard]] std::optional<Error> WhyNotNow() const {
    if (!closing_ && CanTalk()) return std::nullopt;
    return Error{ErrorCode::kUnavailable, "no session"};
  }

  template <class Done>
  void FailLater(Error error, Done done) {
    inbox_.push_back([done = std::move(done), error = std::move(error)] { done(Fail(error)); });
    Soon();
  }

  void AfterVerb() {
    Track();
    Soon();  // more may have to be written than the socket took
  }

  void Soon() {
    if (soon_) return;
    soon_ = true;
    timer_->Arm(Duration::zero());
  }

  // --- one turn ---

  void Wake(bool readable, bool writable) {
    soon_ = false;
    const std::weak_ptr<char> alive = alive_;
    // By the clock first: after a pause of this process the session may be over, whatever waits in
    // the socket says.
    if (!Deliver(alive)) return;
    // Silent, or have we only not listened? The library would break the connection unread.
    if (reported_ == SessionState::kSuspended && CanStillTalk()) readable = true;
    if ((readable || writable) && handle_ && handle_->has_socket()) {
      handle_->Process(readable, writable);
      Track();
    }
    Advance();
    if (!Deliver(alive)) return;
    if (closing_ && !AdvanceClose()) return;
    Rearm();
  }

  // Hands out answers and events, then changes of state.
  // False when a callback destroyed the client.
  bool Deliver(const std::weak_ptr<char>& alive) {
    if (!EmptyInbox(alive)) return false;
    if (closing_) return true;
    for (SessionState now = state(); now != reported_; now = state()) {
      if (!Report(now, alive)) return false;
      if (now != SessionState::kLost) continue;
      EndSession();
      if (!EmptyInbox(alive)) return false;
      tracker_.Reopen();
      ++generation_;
      session_id_ = 0;
    }
    return true;
  }

  bool EmptyInbox(const std::weak_ptr<char>& alive) {
    // What is added meanwhile has to wait for the next turn, or a verb refused and called again
    // from its own callback would never let the loop go on.
    for (std::size_t count = inbox_.size(); count > 0 && !inbox_.empty(); --count) {
      const auto callback = std::move(inbox_.front());
      inbox_.pop_front();
      callback();
      if (alive.expired()) return false;
    }
    return true;
  }

  bool Report(SessionState now, const std::weak_ptr<char>& alive) {
    reported_ = now;
    LogState(now);
    // Kept: a listener may destroy the client, and the list with it.
    const auto listeners = listeners_;
    listeners->Notify(SessionEvent{now, session_id_, generation_});
    return !alive.expired();
  }

  void LogState(SessionState now) {
    const std::string session = fmt::format("{:#x}", static_cast<std::uint64_t>(session_id_));
    switch (now) {
      case SessionState::kConnecting:
        logger_.Info("zk.connecting",
                     {{"servers", Join(options_.servers, ",")}, {"generation", generation_}});
        return;
      case SessionState::kConnected:
        logger_.Info("zk.connected",
                     {{"server", handle_->server()},
                      {"session", session},
                      {"generation", generation_},
                      {"timeout_ms", std::chrono::ceil<milliseconds>(tracker_.timeout()).count()}});
        return;
      case SessionState::kSuspended:
        logger_.Warn("zk.suspended", {{"session", session},
                                      {"reason", CanStillTalk() ? "silent" : "disconnected"},
                                      {"silent_ms", SilentMs()}});
        return;
      case SessionState::kLost:
        logger_.Warn("zk.lost",
                     {{"session", session}, {"reason", WhyLost()}, {"silent_ms", SilentMs()}});
        return;
    }
  }

  [[nodiscard]] bool CanStillTalk() const { return handle_ && handle_->link() == Link::kConnected; }
  [[nodiscard]] std::string_view WhyLost() const {
    if (!handle_ || handle_->link() != Link::kEnded) return "silent";
    return handle_->auth_failed() ? "auth_failed" : "expired";
  }
  [[nodiscard]] std::int64_t SilentMs() const {
    // Refused before a word was said.
    if (tracker_.last_contact() == TimePoint::min()) return 0;
    return std::chrono::duration_cast<milliseconds>(loop_.Now() - tracker_.last_contact()).count();
  }

  // The session is over, by the server's word or by our clock.
  void EndSession() {
    if (!handle_) return;
    switch (handle_->link()) {
      case Link::kConnected:
        // We were stopped for too long. Should the server still keep the session, then no longer.
        listener_.Stop();
        handle_->End(NativeHandle::Farewell::kSend);
        DropHandle();
        return;
      case Link::kEnded:
        DropHandle();
        return;
      case Link::kNone:
      case Link::kOpening:
      case Link::kGreeting:
        // The ensemble was away for long. When it returns it gives all sessions their full time
        // again, and ours, with its ephemerals, would stand beside the next one. The handle lives
        // on to end it.
        if (handle_->link() == Link::kNone && handle_->pending() > 0) handle_->DropQueue();
        reaping_ = true;
        return;
    }
  }

  void DropHandle() {
    listener_.Stop();
    handle_.reset();
    link_ = Link::kNone;
    reaping_ = false;
    connector_.HandleDropped();
  }

  // --- what became of the connection ---

  // Called after every step of the library. Calls nobody back.
  void Track() {
    if (!handle_) return;
    if (!reaping_ && handle_->newest_answer() != TimePoint::min()) {
      tracker_.Answered(handle_->newest_answer());
    }
    const Link before = std::exchange(link_, handle_->link());
    if (link_ == before) return;
    // Answered or refused, one try is enough.
    if (before == Link::kGreeting && reaping_) reaped_ = true;
    switch (link_) {
      case Link::kConnected:
        connector_.Connected();
        if (reaping_) return;
        session_id_ = handle_->session_id();
        tracker_.Established(connector_.attempt_began(), handle_->session_timeout());
        return;
      case Link::kEnded:
        listener_.Stop();
        if (!reaping_) tracker_.Expired();
        if (handle_->auth_failed()) connector_.Refused();
        return;
      case Link::kNone:
        listener_.Stop();
        if (before == Link::kConnected) {
          if (!reaping_) tracker_.Disconnected();
          connector_.Broken();
        } else {
          connector_.AttemptFailed();
        }
        return;
      case Link::kOpening:
      case Link::kGreeting:
        return;
    }
  }

  // --- what to do next ---

  void Advance() {
    const TimePoint now = loop_.Now();
    if (handle_ && reaping_) {
      if (handle_->link() == Link::kConnected) {
        listener_.Stop();
        handle_->End(NativeHandle::Farewell::kSend);
      }
      if (reaped_ || !handle_->ok() || handle_->link() == Link::kEnded) {
        reaped_ = false;
        DropHandle();
      }
    }
    if (closed_ || (closing_ && session_id_ == 0)) return;
    if (handle_ && handle_->link() == Link::kNone && handle_->pending() > 0) handle_->DropQueue();
    Track();
    connector_.Advance(handle_);
    Track();
    Beat(now);
  }

  [[nodiscard]] TimePoint NextBeat() const {
    // Anything under way is a sign of life already, once it is answered.
    if (!CanStillTalk() || reaping_ || handle_->pending() > 0) return TimePoint::max();
    return tracker_.last_contact() + tracker_.timeout() / 6;
  }

  void Beat(TimePoint now) {
    if (now < NextBeat()) return;
    handle_->Exists("/", {}, [](const Result<std::optional<Stat>>&) {});
    Track();
  }

  void Rearm() {
    soon_ = false;  // what callbacks asked for is looked after below
    const TimePoint now = loop_.Now();
    TimePoint next = TimePoint::max();
    if (handle_ && handle_->has_socket()) {
      const NativeHandle::Interest interest = handle_->Poll();
      Track();
      if (handle_->has_socket()) {
        listener_.Listen(interest.fd, interest.write);
        next = now + interest.wait;
      } else {
        next = now;
      }
    }
    next = std::min({next, connector_.NextStep(handle_.get()), NextBeat()});
    if (closing_) {
      next = std::min(next, std::min(close_deadline_, final_deadline_));
    } else {
      next = std::min(next, tracker_.NextChange(now));
      if (state() != reported_) next = now;
    }
    if (!inbox_.empty()) next = now;
    if (next != TimePoint::max()) timer_->Arm(std::max(next, now) - now);
  }

  // --- the end ---

  // False when the client was destroyed, or is closed and needs no more turns.
  bool AdvanceClose() {
    if (closed_) return false;
    const TimePoint now = loop_.Now();
    if (farewell_.valid()) {
      char rest[4096];
      ssize_t got = 0;
      while ((got = ::recv(farewell_.get(), rest, sizeof(rest), MSG_DONTWAIT)) > 0) {
      }
      const bool over = got == 0 || (errno != EAGAIN && errno != EINTR) || now >= final_deadline_;
      return over ? FinishClose() : true;
    }
    if (session_id_ == 0 || tracker_.StateAt(now) == SessionState::kLost) return FinishClose();
    if (CanStillTalk() && !sign_of_life_asked_) {
      sign_of_life_asked_ = true;
      close_deadline_ = std::min(now + kSignOfLifeLimit, final_deadline_);
      handle_->Exists("/", {}, [](const Result<std::optional<Stat>>&) {});
      Track();
    } else if (CanStillTalk() && handle_->pending() == 0) {
      listener_.Stop();
      farewell_ = handle_->End(NativeHandle::Farewell::kAwait);
      link_ = Link::kEnded;  // our doing, nothing to take note of
      if (!farewell_.valid()) return FinishClose();
      listener_.Listen(farewell_.get(), false);
      close_deadline_ = final_deadline_;
    } else if (now >= close_deadline_) {
      listener_.Stop();
      if (handle_) handle_->End(NativeHandle::Farewell::kSend);
      return FinishClose();
    } else if (!CanStillTalk()) {
      sign_of_life_asked_ = false;
    }
    return true;
  }

  bool FinishClose() {
    closed_ = true;
    DropHandle();
    farewell_.Reset();
    timer_->Cancel();
    const std::weak_ptr<char> alive = alive_;
    if (!EmptyInbox(alive)) return false;
    if (const auto done = std::move(close_done_)) done();
    return false;
  }

  EventLoop& loop_;
  Logger& logger_;
  const NativeClientOptions options_;
  SessionTracker tracker_;
  SessionState reported_ = SessionState::kConnecting;
  std::int64_t session_id_ = 0;
  std::uint64_t generation_ = 1;
  std::shared_ptr<Listeners<const SessionEvent&>> listeners_ =
      std::make_shared<Listeners<const SessionEvent&>>();

  Inbox inbox_;
  std::unique_ptr<NativeHandle> handle_;
  Link link_ = Link::kNone;  // as last seen
  bool reaping_ = false;     // the handle's session is lost already; it is only to be ended
  bool reaped_ = false;
  Connector connector_;

  // Closing.
  bool closing_ = false;
  bool closed_ = false;
  bool sign_of_life_asked_ = false;
  std::function<void()> close_done_;
  TimePoint close_deadline_ = TimePoint::max();
  TimePoint final_deadline_ = TimePoint::max();
  UniqueFd farewell_;

  bool soon_ = false;
  SocketListener listener_;
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace

std::unique_ptr<Client> NewNativeClient(EventLoop& loop, Logger& logger,
                                        NativeClientOptions options) {
  ZKC_CHECK(!options.servers.empty());
  return std::make_unique<NativeClient>(loop, logger, std::move(options));
}

}  // namespace zkcluster::zk
