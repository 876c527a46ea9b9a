// zk::Client over libzookeeper_st, Debian's 3.8.0. The library's traps, and how each is met:
//
// - The multi-threaded build keeps the session of a hung program alive: the single-threaded one is
//   driven by our loop, so a loop that hangs loses its session.
// - A fifth of the disconnects come without an event, and "expired" never comes without a
//   connection: events are ignored. After each step the handle's state is read (Track), and our
//   clock (SessionTracker) overrules the library.
// - We cannot see its pings: an idle session reads "/" each sixth of its timeout (Beat).
// - With an even number of addresses half of them are never tried: one is repeated (Connector).
// - It resolves names at every turn, blocking: we resolve (NameBook) and pass literals.
// - A dead address costs two thirds of the timeout: slow attempts are broken off (Connector).
// - Requests issued while disconnected are queued and sent later: verbs are refused unless we are
//   connected, and requests that a failed send leaves in the queue are dropped
//   (NativeHandle::DropQueue).
// - An expired handle stays so for ever: a new one is opened, under a new generation number.
// - zoo_amulti frees an uninitialised pointer on an expired handle or a bad path: both are checked
//   directly before (NativeHandle::Multi, WhyNeverSent).
// - The server hangs up on 1,048,576 bytes, again and again: larger requests are refused here.
// - zookeeper_close blocks for 1.5 to 4.5 s when the server hangs: a sign of life is asked for
//   first (Goodbye).
// - Its socket is inherited by every child of the program, and lives on there after it is closed:
//   it is marked close-on-exec as soon as its number is known (NativeHandle::Poll), and the loop
//   listens to a duplicate, which can always be removed (SocketListener).
// - Its completions may not destroy the handle: they fill an inbox, emptied afterwards (Deliver).
// - Logging at debug level reads freed memory: never above warnings.
// - It forms log lines and counts requests in static memory, shared by the handles of all threads
//   (two Clusters of one program): lines may mix, and numbers that come twice do no harm.
#include "zk/native_client.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "zk/connector.h"
#include "zk/goodbye.h"
#include "zk/native_errors.h"
#include "zk/native_handle.h"
#include "zk/session_log.h"
#include "zk/session_tracker.h"
#include "zk/socket_listener.h"

namespace zkcluster::zk {
namespace {

using Link = NativeHandle::Link;

class NativeClient final : public Client {
 public:
  NativeClient(EventLoop& loop, Logger& logger, NativeClientOptions options)
      : loop_(loop),
        logger_(logger),
        log_(logger, options.servers),
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
    return stage_ == Stage::kClosed ? SessionState::kLost : tracker_.StateAt(loop_.Now());
  }
  std::int64_t session_id() const override { return session_id_; }
  std::uint64_t generation() const override { return generation_; }
  Duration session_timeout() const override { return tracker_.timeout(); }
  TimePoint last_contact() const override { return tracker_.last_contact(); }
  std::optional<Micros> server_time() const override { return clock_.At(loop_.Now()); }
  Subscription OnSession(std::function<void(const SessionEvent&)> listener) override {
    return listeners_->Add(std::move(listener));
  }

  void Close(std::function<void()> done) override {
    ZKC_CHECK(!closing());
    close_done_ = std::move(done);
    // The session of a handle that is being reaped is not ours any more.
    if (reaping()) {
      if (handle_->link() == Link::kConnected) EndHandle();
      DropHandle();
    }
    goodbye_.emplace(listener_, loop_.Now(), CanTalk());
    Enter(Stage::kClosing);
    Soon();
  }

 private:
  // The stages of the session, and of the client:
  //
  //   Serving --session lost while its handle is disconnected--> Reaping --a server answers--> Reaped
  //   Reaping, Reaped --the handle has ended--> Serving, with the next session
  //   any --Close--> Closing --Goodbye is over--> Closed
  //
  // While Serving, the SessionTracker says what the session is worth.
  enum class Stage {
    kServing,
    kReaping,  // the handle's session is lost; the handle lives on only to end it
    kReaped,   // answered or refused: one try is enough
    kClosing,
    kClosed,
  };

  [[nodiscard]] bool reaping() const {
    return stage_ == Stage::kReaping || stage_ == Stage::kReaped;
  }
  [[nodiscard]] bool closing() const {
    return stage_ == Stage::kClosing || stage_ == Stage::kClosed;
  }

  void Enter(Stage next) {
    if (stage_ == next) return;
    stage_ = next;
    logger_.Debug("zk.stage", {{"stage", NameOf(next)}, {"generation", generation_}});
  }

  static std::string_view NameOf(Stage stage) {
    switch (stage) {
      case Stage::kServing:
        return "serving";
      case Stage::kReaping:
        return "reaping";
      case Stage::kReaped:
        return "reaped";
      case Stage::kClosing:
        return "closing";
      case Stage::kClosed:
        break;
    }
    return "closed";
  }

  // The library says connected, and our clock does not object.
  [[nodiscard]] bool CanTalk() const {
    return handle_ && !reaping() && handle_->link() == Link::kConnected &&
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
    if (!closing() && CanTalk()) return std::nullopt;
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
    // The clock decides first: after a pause of this process the session may be over, even if the
    // socket still has data.
    if (!Deliver(alive)) return;
    // The server may be silent, or we have only not read from it. The library would break the
    // connection without reading.
    if (reported_ == SessionState::kSuspended && CanStillTalk()) readable = true;
    if ((readable || writable) && handle_ && handle_->has_socket()) {
      handle_->Process(readable, writable);
      Track();
    }
    Advance();
    if (!Deliver(alive)) return;
    if (closing() && !AdvanceClose()) return;
    Rearm();
  }

  // Delivers answers and events, then changes of state. False when a callback destroyed the client.
  bool Deliver(const std::weak_ptr<char>& alive) {
    if (!EmptyInbox(alive)) return false;
    if (closing()) return true;
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
    // Answers added meanwhile wait for the next turn. Otherwise a refused verb that is called again
    // from its own callback would block the loop.
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
    // A copy: a listener may destroy the client, and the list with it.
    const auto listeners = listeners_;
    listeners->Notify(SessionEvent{now, session_id_, generation_});
    return !alive.expired();
  }

  void LogState(SessionState now) {
    SessionLog::Facts facts;
    facts.session_id = session_id_;
    facts.generation = generation_;
    facts.timeout = tracker_.timeout();
    if (now == SessionState::kConnected) facts.server = handle_->server();
    if (now == SessionState::kSuspended) facts.reason = CanStillTalk() ? "silent" : "disconnected";
    if (now == SessionState::kLost) facts.reason = WhyLost();
    // Without any contact there is no silence to report: the server refused at once.
    if (tracker_.last_contact() != TimePoint::min()) {
      facts.silent = loop_.Now() - tracker_.last_contact();
    }
    log_.Log(now, facts);
  }

  [[nodiscard]] bool CanStillTalk() const { return handle_ && handle_->link() == Link::kConnected; }
  [[nodiscard]] std::string_view WhyLost() const {
    if (!handle_ || handle_->link() != Link::kEnded) return "silent";
    return handle_->auth_failed() ? "auth_failed" : "expired";
  }

  // The session is over, by the server's word or by our clock.
  void EndSession() {
    if (!handle_) return;
    switch (handle_->link()) {
      case Link::kConnected:
        // We were stopped for too long. If the server still keeps the session, end it.
        EndHandle();
        DropHandle();
        return;
      case Link::kEnded:
        DropHandle();
        return;
      case Link::kNone:
      case Link::kOpening:
      case Link::kGreeting:
        // The ensemble was unreachable for long. When it returns, it gives all sessions their full
        // time again, and ours, with its ephemerals, would exist beside the next one. The handle
        // lives on to end it.
        if (closing()) return DropHandle();
        if (handle_->link() == Link::kNone && handle_->pending() > 0) handle_->DropQueue();
        Enter(Stage::kReaping);
        return;
    }
  }

  void EndHandle() {
    listener_.Stop();
    handle_->End(NativeHandle::Farewell::kSend);
  }

  void DropHandle() {
    listener_.Stop();
    handle_.reset();
    link_ = Link::kNone;
    if (reaping()) Enter(Stage::kServing);
    connector_.HandleDropped();
  }

  // --- what became of the connection ---

  // Called after every step of the library. Runs no callback.
  void Track() {
    if (!handle_) return;
    if (!reaping() && handle_->newest_answer() != TimePoint::min()) {
      tracker_.Answered(handle_->newest_answer());
    }
    if (handle_->clock().known()) clock_ = handle_->clock();
    const Link before = std::exchange(link_, handle_->link());
    if (link_ == before) return;
    if (before == Link::kGreeting && reaping()) Enter(Stage::kReaped);
    switch (link_) {
      case Link::kConnected:
        connector_.Connected();
        if (reaping()) return;
        session_id_ = handle_->session_id();
        tracker_.Established(connector_.attempt_began(), handle_->session_timeout());
        return;
      case Link::kEnded:
        listener_.Stop();
        if (!reaping()) tracker_.Expired();
        if (handle_->auth_failed()) connector_.Refused();
        return;
      case Link::kNone:
        listener_.Stop();
        if (before == Link::kConnected) {
          if (!reaping()) tracker_.Disconnected();
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
    if (reaping()) Reap();
    if (stage_ == Stage::kClosed || (closing() && session_id_ == 0)) return;
    if (handle_ && handle_->link() == Link::kNone && handle_->pending() > 0) handle_->DropQueue();
    Track();
    connector_.Advance(handle_);
    Track();
    Beat(now);
  }

  void Reap() {
    if (handle_->link() == Link::kConnected) EndHandle();
    if (stage_ == Stage::kReaped || !handle_->ok() || handle_->link() == Link::kEnded) DropHandle();
  }

  [[nodiscard]] TimePoint NextBeat() const {
    // The answer to any request under way is a sign of life, too.
    if (!CanStillTalk() || reaping() || handle_->pending() > 0) return TimePoint::max();
    return tracker_.last_contact() + tracker_.timeout() / 6;
  }

  void Beat(TimePoint now) {
    if (now < NextBeat()) return;
    handle_->Exists("/", {}, [](const Result<std::optional<Stat>>&) {});
    Track();
  }

  void Rearm() {
    soon_ = false;  // what callbacks asked for is done below
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
    if (goodbye_) {
      next = std::min(next, goodbye_->deadline());
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
    if (stage_ == Stage::kClosed) return false;
    const TimePoint now = loop_.Now();
    const bool has_session = session_id_ != 0 && tracker_.StateAt(now) != SessionState::kLost;
    if (!goodbye_->said() && !has_session) return FinishClose();
    if (!goodbye_->Advance(now, handle_.get())) return FinishClose();
    if (goodbye_->said()) {
      link_ = Link::kEnded;  // we ended it, so Track need not report it
    } else {
      Track();
    }
    return true;
  }

  bool FinishClose() {
    Enter(Stage::kClosed);
    DropHandle();
    goodbye_.reset();
    timer_->Cancel();
    const std::weak_ptr<char> alive = alive_;
    if (!EmptyInbox(alive)) return false;
    if (const auto done = std::move(close_done_)) done();
    return false;
  }

  EventLoop& loop_;
  Logger& logger_;
  SessionLog log_;
  const NativeClientOptions options_;
  SessionTracker tracker_;
  ServerClock clock_;  // of the last handle that has written
  SessionState reported_ = SessionState::kConnecting;
  std::int64_t session_id_ = 0;
  std::uint64_t generation_ = 1;
  std::shared_ptr<Listeners<const SessionEvent&>> listeners_ =
      std::make_shared<Listeners<const SessionEvent&>>();

  Inbox inbox_;
  std::unique_ptr<NativeHandle> handle_;
  Link link_ = Link::kNone;  // as last seen
  Connector connector_;
  Stage stage_ = Stage::kServing;

  bool soon_ = false;  // the timer is armed for the next turn
  SocketListener listener_;
  std::optional<Goodbye> goodbye_;  // while Closing
  std::function<void()> close_done_;
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
