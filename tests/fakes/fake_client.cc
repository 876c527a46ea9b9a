#include "tests/fakes/fake_client.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/check.h"
#include "tests/fakes/fake_link.h"
#include "tests/fakes/fake_request.h"
#include "zk/server_clock.h"
#include "zk/session_tracker.h"

namespace zkcluster::sim {
namespace {

using Done = std::function<void(Result<Reply, zk::OpError>)>;

constexpr Duration kCloseLimit = std::chrono::seconds(2);
constexpr Duration kConnectLimit = std::chrono::seconds(1);
constexpr Duration kShortestPause = std::chrono::milliseconds(20);
constexpr Duration kLongestPause = std::chrono::milliseconds(250);

std::shared_ptr<const ZnodeTree::Asker> AskerOf(zk::Identity identity) {
  auto asker = std::make_shared<ZnodeTree::Asker>();
  for (const auto& credential : identity.credentials) asker->ids.push_back(DigestId(credential));
  asker->acl = std::move(identity.acl);
  return asker;
}

}  // namespace

class FakeClient::Core final : public ClientEnd, public std::enable_shared_from_this<Core> {
 public:
  Core(FakeEnsemble& ensemble, SimLoop& loop, Duration session_timeout, zk::Identity identity)
      : ensemble_(ensemble),
        loop_(loop),
        wanted_timeout_(session_timeout),
        asker_(AskerOf(std::move(identity))),
        tracker_(session_timeout),
        state_timer_(loop.NewTimer([this] { Hold([](Core& core) { core.CheckState(); }); })),
        ping_timer_(loop.NewTimer([this] { Hold([](Core& core) { core.Ping(); }); })),
        connect_timer_(loop.NewTimer([this] { Hold([](Core& core) { core.ConnectDue(); }); })),
        close_timer_(loop.NewTimer([this] { Hold([](Core& core) { core.FinishClose(); }); })) {
    channel_->loop = &loop;
  }

  void Start() {
    channel_->client = weak_from_this();
    connect_timer_->Arm(Duration::zero());
  }

  // The client is destroyed: nothing is called back from now on.
  void Die() {
    dead_ = true;
    channel_->loop = nullptr;
    DropLink();
    state_timer_.reset();
    ping_timer_.reset();
    connect_timer_.reset();
    close_timer_.reset();
  }

  void Submit(Request request, const zk::Watch& watch, Done done) {
    Result<void> good = CheckRequest(request);
    if (good && state() != SessionState::kConnected) {
      good = Fail(ErrorCode::kUnavailable, "no session");
    }
    if (!good) {
      loop_.Post([self = shared_from_this(), done = std::move(done), error = good.error()] {
        if (!self->dead_) done(Fail(error));
      });
      return;
    }
    // Without a link only if the tracker is wrong about the state, as in a mutant: wait.
    if (!link_) return;
    request.watch = !watch.expired();
    request.asker = asker_;
    const std::int32_t xid = next_xid_++;
    pending_.push_back({xid, request.verb, request.path, watch, std::move(done)});
    ensemble_.SendRequest(link_, xid, std::move(request));
  }

  void Close(std::function<void()> done) {
    ZKC_CHECK(!closing_);
    closing_ = true;
    close_done_ = std::move(done);
    connect_timer_->Cancel();
    if (state() == SessionState::kConnected) {
      ensemble_.SendClose(link_);
      close_timer_->Arm(kCloseLimit);
    } else {
      close_timer_->Arm(Duration::zero());
    }
  }

  [[nodiscard]] SessionState state() const {
    return closed_ ? SessionState::kLost : tracker_.StateAt(loop_.Now());
  }

  // --- ClientEnd ---

  void OnAccepted(const std::shared_ptr<Link>& link, std::int64_t session_id, Duration timeout,
                  TimePoint sent) override {
    const auto self = shared_from_this();
    if (!StillOn(link)) return;
    if (ghost_ != 0) return EndGhost(session_id != 0);
    if (session_id == 0) {
      told_expired_ = true;
      tracker_.Expired();
      return CheckState();
    }
    session_id_ = session_id;
    accepted_ = true;
    connect_timer_->Cancel();
    tracker_.Established(sent, timeout);
    // Sent before anything else on this connection, so that missed events come first.
    ensemble_.SendWatches(link_, seen_zxid_, data_watches_.Paths(), absent_watches_.Paths(),
                          child_watches_.Paths());
    ping_timer_->Arm(tracker_.timeout() / 3);
    CheckState();
  }

  void OnReply(const std::shared_ptr<Link>& link, std::int32_t xid,
               Result<Reply, zk::OpError> reply, TimePoint sent) override {
    const auto self = shared_from_this();
    if (!StillOn(link)) return;
    tracker_.Answered(sent);
    CheckState();
    if (dead_ || link != link_) return;
    ZKC_CHECK(!pending_.empty() && pending_.front().xid == xid);
    const Pending pending = std::move(pending_.front());
    pending_.pop_front();
    if (reply) {
      seen_zxid_ = std::max(seen_zxid_, reply->zxid);
      for (const zk::OpResult& result : reply->results) {
        if (result.modified != Micros(0)) clock_.Observe(sent, loop_.Now(), result.modified);
      }
      if (!pending.watch.expired()) Register(pending, *reply);
    }
    pending.done(std::move(reply));
  }

  void OnPong(const std::shared_ptr<Link>& link, TimePoint sent) override {
    const auto self = shared_from_this();
    if (!StillOn(link)) return;
    tracker_.Answered(sent);
    CheckState();
  }

  void OnEvent(const std::shared_ptr<Link>& link, const zk::WatchEvent& event) override {
    const auto self = shared_from_this();
    if (!StillOn(link)) return;
    std::vector<zk::Watch> watches;
    if (event.kind != zk::WatchKind::kChildren) {
      data_watches_.Take(event.path, watches);
      absent_watches_.Take(event.path, watches);
    }
    if (event.kind == zk::WatchKind::kChildren || event.kind == zk::WatchKind::kDeleted) {
      child_watches_.Take(event.path, watches);
    }
    for (const zk::Watch& watch : watches) {
      if (dead_) return;
      // Locked only now: the previous call may have released it.
      if (const auto function = watch.lock()) (*function)(event);
    }
  }

  void OnClosed(const std::shared_ptr<Link>& link) override {
    const auto self = shared_from_this();
    if (link == link_) FinishClose();
  }

  void OnBroken(const std::shared_ptr<Link>& link) override {
    const auto self = shared_from_this();
    if (dead_ || link != link_) return;
    if (closing_) return FinishClose();
    const auto broken = LoseLink();
    CheckState();
    FailAll(broken, ErrorCode::kUnknownOutcome, "the connection broke");
  }

  FakeEnsemble& ensemble_;
  SimLoop& loop_;
  const Duration wanted_timeout_;
  const std::shared_ptr<const ZnodeTree::Asker> asker_;
  const std::shared_ptr<Channel> channel_ = std::make_shared<Channel>();
  zk::SessionTracker tracker_;
  zk::ServerClock clock_;
  Listeners<const zk::SessionEvent&> listeners_;
  std::int64_t session_id_ = 0;
  std::uint64_t generation_ = 1;

 private:
  struct Pending {
    std::int32_t xid;
    Verb verb;
    std::string path;
    zk::Watch watch;
    Done done;
  };

  template <class F>
  void Hold(F handler) {
    const auto self = shared_from_this();
    if (!dead_) handler(*this);
  }

  // True if a message on `link` still matters: the clock may have ended the session before
  // it was read.
  bool StillOn(const std::shared_ptr<Link>& link) {
    if (dead_ || link != link_) return false;
    CheckState();
    return !dead_ && link == link_;
  }

  void Register(const Pending& pending, const Reply& reply) {
    switch (pending.verb) {
      case Verb::kGet:
        return data_watches_.Add(pending.path, pending.watch);
      case Verb::kExists:
        return (reply.stat ? data_watches_ : absent_watches_).Add(pending.path, pending.watch);
      case Verb::kChildren:
        return child_watches_.Add(pending.path, pending.watch);
      default:
        return;
    }
  }

  // Updates the announced state to that of the clock, and acts on the change.
  void CheckState() {
    if (dead_ || closing_) return;
    const SessionState now = tracker_.StateAt(loop_.Now());
    std::deque<Pending> broken;
    if (now == SessionState::kSuspended && link_ && accepted_) broken = LoseLink();
    if (now == SessionState::kLost && announced_ != now) {
      // By our clock the session is over, but it may still live: its ephemerals must not exist
      // beside those of the next one.
      if (std::exchange(told_expired_, false)) {
        // it does not
      } else if (link_ && accepted_) {
        ensemble_.Farewell(std::exchange(link_, nullptr));
      } else {
        ghost_ = session_id_;
      }
      const auto rest = LoseLink();
      connect_timer_->Cancel();
      data_watches_.Clear();
      absent_watches_.Clear();
      child_watches_.Clear();
      Announce(now);
      FailAll(rest, ErrorCode::kSessionLost, "the session ended");
      loop_.Post([self = shared_from_this()] { self->Reopen(); });
      return;
    }
    const TimePoint next = tracker_.NextChange(loop_.Now());
    if (next == TimePoint::max()) {
      state_timer_->Cancel();
    } else {
      state_timer_->Arm(next - loop_.Now());
    }
    Announce(now);
    FailAll(broken, ErrorCode::kUnknownOutcome, "no answer within the lease");
  }

  void Announce(SessionState now) {
    if (announced_ == now) return;
    announced_ = now;
    listeners_.Notify({now, session_id_, generation_});
  }

  void Reopen() {
    if (dead_ || closing_) return;
    tracker_.Reopen();
    session_id_ = 0;
    if (ghost_ == 0) seen_zxid_ = 0;
    ++generation_;
    connect_timer_->Arm(Duration::zero());
    CheckState();
  }

  void ConnectDue() {
    if (closing_) return;
    if (link_) {
      // The previous attempt got no answer. For a session that is over anyway, one
      // attempt is enough.
      DropLink();
      ForgetGhost();
    }
    accepted_ = false;
    link_ = ensemble_.Connect(channel_, ghost_ != 0 ? ghost_ : session_id_, wanted_timeout_,
                              seen_zxid_);
    connect_timer_->Arm(kConnectLimit);
  }

  // The first connection after a session was given up only ends that session.
  void EndGhost(bool lives) {
    if (lives) ensemble_.Farewell(std::exchange(link_, nullptr));
    if (link_) DropLink();
    ForgetGhost();
    connect_timer_->Arm(Duration::zero());
  }
  void ForgetGhost() {
    if (std::exchange(ghost_, 0) != 0) seen_zxid_ = 0;
  }

  void Ping() {
    if (!link_) return;
    ensemble_.SendPing(link_);
    ping_timer_->Arm(tracker_.timeout() / 3);
  }

  void DropLink() {
    if (link_) ensemble_.Abandon(link_);
    link_.reset();
    accepted_ = false;
  }

  // The connection is over; another is tried soon. The caller fails the requests under way.
  std::deque<Pending> LoseLink() {
    DropLink();
    ping_timer_->Cancel();
    tracker_.Disconnected();
    connect_timer_->Arm(
        kShortestPause +
        Duration(static_cast<Duration::rep>(
            static_cast<double>((kLongestPause - kShortestPause).count()) * loop_.Random())));
    return std::exchange(pending_, {});
  }

  void FailAll(const std::deque<Pending>& broken, ErrorCode code, const char* message) {
    for (const Pending& pending : broken) {
      if (dead_) return;
      pending.done(Fail(code, message));
    }
  }

  void FinishClose() {
    if (closed_) return;
    closed_ = true;
    close_timer_->Cancel();
    ping_timer_->Cancel();
    state_timer_->Cancel();
    DropLink();
    FailAll(std::exchange(pending_, {}), ErrorCode::kUnknownOutcome, "the session was closed");
    if (!dead_ && close_done_) close_done_();
  }

  std::unique_ptr<Timer> state_timer_;
  std::unique_ptr<Timer> ping_timer_;
  std::unique_ptr<Timer> connect_timer_;
  std::unique_ptr<Timer> close_timer_;
  std::shared_ptr<Link> link_;
  bool accepted_ = false;  // the server has answered on this link
  SessionState announced_ = SessionState::kConnecting;
  std::int32_t next_xid_ = 1;
  std::deque<Pending> pending_;
  WatchTable data_watches_;    // of a znode that was there
  WatchTable absent_watches_;  // of one that was not
  WatchTable child_watches_;
  std::int64_t seen_zxid_ = 0;
  std::int64_t ghost_ = 0;     // a session given up that is still to be ended; 0: none
  bool told_expired_ = false;  // by the ensemble
  bool dead_ = false;
  bool closing_ = false;
  bool closed_ = false;
  std::function<void()> close_done_;
};

FakeClient::FakeClient(FakeEnsemble& ensemble, SimLoop& loop, Duration session_timeout,
                       zk::Identity identity)
    : core_(std::make_shared<Core>(ensemble, loop, session_timeout, std::move(identity))) {
  core_->Start();
}

FakeClient::~FakeClient() {
  core_->Die();
}

namespace {

// Converts the reply into the verb's answer.
template <class T, class F>
Done Translate(zk::Callback<T> done, F take) {
  return [done = std::move(done), take](Result<Reply, zk::OpError> reply) {
    if (!reply) return done(Fail(std::move(reply.error())));
    if constexpr (std::is_void_v<T>) {
      static_cast<void>(take);  // there is nothing to take
      done({});
    } else {
      done(take(std::move(*reply)));
    }
  };
}

}  // namespace

void FakeClient::Get(const std::string& path, zk::Watch watch, zk::Callback<zk::Node> done) {
  core_->Submit({Verb::kGet, path, {}}, watch,
                Translate(std::move(done), [](Reply reply) { return std::move(reply.node); }));
}

void FakeClient::Exists(const std::string& path, zk::Watch watch,
                        zk::Callback<std::optional<zk::Stat>> done) {
  core_->Submit({Verb::kExists, path, {}}, watch,
                Translate(std::move(done), [](Reply reply) { return reply.stat; }));
}

void FakeClient::Children(const std::string& path, zk::Watch watch,
                          zk::Callback<std::vector<std::string>> done) {
  core_->Submit({Verb::kChildren, path, {}}, watch,
                Translate(std::move(done), [](Reply reply) { return std::move(reply.names); }));
}

void FakeClient::Create(const std::string& path, std::string data, zk::CreateMode mode,
                        zk::Callback<std::string> done) {
  core_->Submit({Verb::kCreate, path, {zk::CreateOp{path, std::move(data), mode}}}, {},
                Translate(std::move(done), [](Reply reply) {
                  return std::move(reply.results.front().created_path);
                }));
}

void FakeClient::Set(const std::string& path, std::string data, zk::Version version,
                     zk::Callback<zk::Stat> done) {
  core_->Submit({Verb::kSet, path, {zk::SetOp{path, std::move(data), version}}}, {},
                Translate(std::move(done), [](Reply reply) { return *reply.stat; }));
}

void FakeClient::Delete(const std::string& path, zk::Version version, zk::Callback<void> done) {
  core_->Submit({Verb::kDelete, path, {zk::DeleteOp{path, version}}}, {},
                Translate(std::move(done), [](const Reply&) {}));
}

void FakeClient::Multi(std::vector<zk::Op> ops, zk::MultiCallback done) {
  core_->Submit({Verb::kMulti, "", std::move(ops)}, {},
                [done = std::move(done)](Result<Reply, zk::OpError> reply) {
                  done(std::move(reply).map([](Reply found) { return std::move(found.results); }));
                });
}

void FakeClient::ResetAcl(const std::string& path, zk::Callback<void> done) {
  core_->Submit({Verb::kResetAcl, path, {}}, {}, Translate(std::move(done), [](const Reply&) {}));
}

void FakeClient::Sync(const std::string& path, zk::Callback<void> done) {
  core_->Submit({Verb::kSync, path, {}}, {}, Translate(std::move(done), [](const Reply&) {}));
}

SessionState FakeClient::state() const {
  return core_->state();
}
std::int64_t FakeClient::session_id() const {
  return core_->session_id_;
}
std::uint64_t FakeClient::generation() const {
  return core_->generation_;
}
Duration FakeClient::session_timeout() const {
  return core_->tracker_.timeout();
}
TimePoint FakeClient::last_contact() const {
  return core_->tracker_.last_contact();
}
std::optional<Micros> FakeClient::server_time() const {
  return core_->clock_.At(core_->loop_.Now());
}

Subscription FakeClient::OnSession(std::function<void(const zk::SessionEvent&)> listener) {
  return core_->listeners_.Add(std::move(listener));
}

void FakeClient::Close(std::function<void()> done) {
  core_->Close(std::move(done));
}

const std::shared_ptr<Channel>& FakeClient::channel() const {
  return core_->channel_;
}

}  // namespace zkcluster::sim
