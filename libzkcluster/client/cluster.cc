#include <zkcluster/cluster.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "client/client_thread.h"
#include "client/connection_pool.h"
#include "client/table_cache.h"
#include "follow/status_watcher.h"
#include "model/paths.h"
#include "model/reason.h"
#include "zk/identity.h"

namespace zkcluster {
namespace {

// How often what `age` and `session_state` say is brought up to date between events.
constexpr Duration kContactInterval = std::chrono::milliseconds(250);

// Spread over cache lines: a lookup is about as fast as two threads adding to one counter.
class LookupCounters {
 public:
  void Count(const Location& location) {
    Stripe& stripe = stripes_[ThreadIndex() % stripes_.size()];
    stripe.lookups.fetch_add(1, std::memory_order_relaxed);
    if (!location.serving) stripe.dead_hits.fetch_add(1, std::memory_order_relaxed);
    if (location.stand_in) stripe.stand_in_hits.fetch_add(1, std::memory_order_relaxed);
  }
  void AddTo(ClusterCounters& sum) const {
    for (const Stripe& stripe : stripes_) {
      sum.lookups += stripe.lookups.load(std::memory_order_relaxed);
      sum.stand_in_hits += stripe.stand_in_hits.load(std::memory_order_relaxed);
      sum.dead_hits += stripe.dead_hits.load(std::memory_order_relaxed);
    }
  }

 private:
  struct alignas(64) Stripe {
    std::atomic<std::uint64_t> lookups{0};
    std::atomic<std::uint64_t> stand_in_hits{0};
    std::atomic<std::uint64_t> dead_hits{0};
  };
  static std::size_t ThreadIndex() {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
    return index;
  }
  std::array<Stripe, 16> stripes_;
};

Result<void> CheckOptions(const ClusterOptions& options) {
  if (const auto valid = ValidateName("cluster", options.name); !valid) return valid;
  if (const auto valid = ValidateRoot(options.root); !valid)
    return Fail(valid.error().Within("root"));
  const auto within = [](Duration value, Duration low, Duration high) {
    return value >= low && value <= high;
  };
  using std::chrono::milliseconds, std::chrono::seconds, std::chrono::minutes;
  if (!within(options.session_timeout, seconds(1), minutes(1))) {
    return Fail(ErrorCode::kInvalid, "session_timeout: must be 1 s to 1 min");
  }
  if (!within(options.open_timeout, milliseconds(10), minutes(10))) {
    return Fail(ErrorCode::kInvalid, "open_timeout: must be 10 ms to 10 min");
  }
  if (options.pool.idle_per_shard > 1000) {
    return Fail(ErrorCode::kInvalid, "pool.idle_per_shard: must be 0 to 1,000");
  }
  if (!within(options.pool.connect_timeout, milliseconds(1), minutes(1))) {
    return Fail(ErrorCode::kInvalid, "pool.connect_timeout: must be 1 ms to 1 min");
  }
  if (!within(options.pool.command_timeout, milliseconds(1), minutes(1))) {
    return Fail(ErrorCode::kInvalid, "pool.command_timeout: must be 1 ms to 1 min");
  }
  if (!options.pool.user.empty() && options.pool.password.empty()) {
    return Fail(ErrorCode::kInvalid, "pool.user: needs a password");
  }
  return {};
}

}  // namespace

// One registered callback. The cluster's thread runs it, any thread may end it.
class Cluster::Subscription {
 public:
  struct Entry {
    std::mutex mutex;
    std::condition_variable idle;
    ChangeCallback callback;
    bool ended = false;
    std::thread::id runner;  // who is inside the callback; none: nobody

    void Run(const ClusterView& view) {
      {
        const std::lock_guard lock(mutex);
        if (ended) return;
        runner = std::this_thread::get_id();
      }
      callback(view);
      const std::lock_guard lock(mutex);
      runner = {};
      idle.notify_all();
    }
  };

  explicit Subscription(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  ~Subscription() {
    std::unique_lock lock(entry_->mutex);
    entry_->ended = true;
    // From within the callback there is nothing to wait for,
    // and it must not be destroyed under itself.
    if (entry_->runner == std::this_thread::get_id()) return;
    entry_->idle.wait(lock, [this] { return entry_->runner == std::thread::id(); });
    const ChangeCallback released = std::exchange(entry_->callback, nullptr);
    lock.unlock();
  }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  std::shared_ptr<Entry> entry_;
};

class Cluster::Impl {
 public:
  Impl(ClusterOptions options, zk::NativeClientOptions client_options)
      : paths_(options.root, options.name),
        refuse_unknown_(options.refuse_unknown),
        pool_(std::move(options.pool)),
        thread_(std::move(client_options),
                {[this](EventLoop& loop, zk::Client& client) { Started(loop, client); },
                 [this] { Stopping(); }}) {}

  Result<void> Open(Duration timeout) {
    if (const auto started = thread_.Start(); !started) return started;
    std::unique_lock lock(opening_);
    const bool decided =
        decided_.wait_for(lock, timeout, [this] { return has_table_ || trouble_.has_value(); });
    if (has_table_) return {};
    if (decided) return Fail(*trouble_);
    return Fail(ErrorCode::kUnavailable,
                contact_.load(std::memory_order_relaxed) == kNever
                    ? "no ZooKeeper server answered in time"
                    : "ZooKeeper answered, but no table was complete in time");
  }

  void Locate(std::string_view key, Location& location) const {
    slot_.Current().Locate(key, location);
    lookups_.Count(location);
  }

  [[nodiscard]] bool is_foreign() const { return thread_.is_foreign(); }

  Result<Lease> Connect(std::string_view key) {
    // Two processes must not talk over one pooled connection.
    if (is_foreign()) {
      return Fail(ErrorCode::kUnavailable, "this cluster belongs to the parent process");
    }
    Location location;
    Locate(key, location);
    if (location.serving) return pool_.Take(std::move(location));
    return Fail(ErrorCode::kShardDead,
                "shard \"" + location.owner + "\" is dead and nobody stands in");
  }

  std::shared_ptr<Subscription> OnChange(ChangeCallback callback) {
    auto entry = std::make_shared<Subscription::Entry>();
    entry->callback = std::move(callback);
    const std::lock_guard lock(listeners_mutex_);
    std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
    listeners_.push_back(entry);
    return std::make_shared<Subscription>(std::move(entry));
  }

  ClusterView View() const { return ViewOf(slot_.Load()); }
  SessionState session_state() const {
    const SessionState stored = session_state_.load(std::memory_order_acquire);
    // The thread may be stalled, in a callback or with the whole machine: what it said last is then
    // judged by the clock, as it would itself.
    const Duration timeout(session_timeout_.load(std::memory_order_relaxed));
    const bool is_old = stored == SessionState::kConnected && Age() >= timeout / 3 * 2;
    return is_old ? SessionState::kSuspended : stored;
  }
  Duration Age() const {
    const auto contact = contact_.load(std::memory_order_relaxed);
    if (contact == kNever) return Duration::max();
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::max(Duration(0), Duration(now) - Duration(contact));
  }
  ClusterCounters Counters() const {
    ClusterCounters result;
    lookups_.AddTo(result);
    result.tables_built = tables_built_.load(std::memory_order_relaxed);
    result.bad_payloads = bad_payloads_.load(std::memory_order_relaxed);
    result.sessions = sessions_.load(std::memory_order_relaxed);
    const auto connections = pool_.counters();
    result.connections_opened = connections.opened;
    result.connections_failed = connections.failed;
    result.connections_reused = connections.reused;
    return result;
  }

 private:
  static constexpr Duration::rep kNever = Duration::min().count();

  // --- on the cluster's thread ---

  void Started(EventLoop& loop, zk::Client& client) {
    client_ = &client;
    session_ = client.OnSession([this](const zk::SessionEvent& event) {
      sessions_.store(event.generation, std::memory_order_relaxed);
      RecordContact();
    });
    contact_timer_ = loop.NewTimer([this] {
      RecordContact();
      contact_timer_->Arm(kContactInterval);
    });
    contact_timer_->Arm(kContactInterval);
    watcher_ = std::make_unique<StatusWatcher>(
        loop, client, paths_, refuse_unknown_,
        StatusWatcher::Callbacks{[this](const auto& update) { Updated(update); },
                                 [this](const auto& error) { Troubled(error); }});
  }

  void Stopping() {
    watcher_.reset();
    contact_timer_.reset();
    session_.reset();
  }

  void RecordContact() {
    session_timeout_.store(client_->session_timeout().count(), std::memory_order_relaxed);
    const TimePoint contact = client_->last_contact();
    if (contact != TimePoint::min()) {
      contact_.store(Duration(contact.time_since_epoch()).count(), std::memory_order_relaxed);
    }
    // Last, and released: who reads "connected" must not judge it by an older contact.
    session_state_.store(client_->state(), std::memory_order_release);
    if (watcher_) {
      tables_built_.store(watcher_->counters().tables_built, std::memory_order_relaxed);
      bad_payloads_.store(watcher_->counters().bad_payloads, std::memory_order_relaxed);
    }
  }

  // A callback that throws ends the program here, where the stack still shows which, and not inside
  // a C library.
  void Updated(const StatusWatcher::Update& update) noexcept {
    RecordContact();
    std::set<std::string> living;
    const auto& shards = update.table->spec().shards;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      if (update.table->board().shards[i].status != ShardStatus::kDead)
        living.insert(shards[i].addr);
    }
    // First: a reader of the new table must find its addresses in the pool.
    pool_.Retain(living);
    const auto published = slot_.Publish({update.table, update.epoch, update.sequence, 0});
    {
      const std::lock_guard lock(opening_);
      has_table_ = true;
      decided_.notify_all();
    }
    std::vector<std::shared_ptr<Subscription::Entry>> listeners;
    {
      const std::lock_guard lock(listeners_mutex_);
      for (const auto& weak : listeners_) {
        if (auto entry = weak.lock()) listeners.push_back(std::move(entry));
      }
    }
    if (listeners.empty()) return;
    const ClusterView view = ViewOf(published);
    for (const auto& listener : listeners) listener->Run(view);
  }

  void Troubled(const Error& error) {
    RecordContact();
    const std::lock_guard lock(opening_);
    // Bytes of the status may be bad: there will be a table all the same.
    // Without a spec there is none.
    if (error.code == ErrorCode::kNotFound || !watcher_ || !watcher_->has_spec()) trouble_ = error;
    decided_.notify_all();
  }

  // --- on any thread ---

  ClusterView ViewOf(const PublishedTable& published) const {
    ClusterView view;
    view.session = session_state();
    view.age = Age();
    view.epoch = published.epoch;
    view.sequence = published.sequence;
    view.generation = published.generation;
    if (!published.table) return view;
    const ClusterSpec& spec = published.table->spec();
    view.spec_version = spec.version;
    for (std::size_t i = 0; i < spec.shards.size(); ++i) {
      const ShardState& state = published.table->board().shards[i];
      ClusterView::Shard shard{spec.shards[i], state.status, state.since, {}};
      if (state.status == ShardStatus::kDead && state.reason != Reason::kNone) {
        shard.reason = ReasonName(state.reason);
      }
      view.shards.push_back(std::move(shard));
    }
    return view;
  }

  const ClusterPaths paths_;
  const bool refuse_unknown_;
  TableSlot slot_;
  ConnectionPool pool_;
  mutable LookupCounters lookups_;

  std::mutex opening_;
  std::condition_variable decided_;
  bool has_table_ = false;
  std::optional<Error> trouble_;

  std::mutex listeners_mutex_;
  std::vector<std::weak_ptr<Subscription::Entry>> listeners_;

  // Published by the thread.
  std::atomic<SessionState> session_state_{SessionState::kConnecting};
  std::atomic<Duration::rep> contact_{kNever};
  std::atomic<Duration::rep> session_timeout_{0};
  std::atomic<std::uint64_t> tables_built_{0};
  std::atomic<std::uint64_t> bad_payloads_{0};
  std::atomic<std::uint64_t> sessions_{0};

  // Of the thread.
  zk::Client* client_ = nullptr;
  zkcluster::Subscription session_;
  std::unique_ptr<Timer> contact_timer_;
  std::unique_ptr<StatusWatcher> watcher_;

  ClientThread thread_;  // last: it ends before what it uses
};

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cluster::~Cluster() {
  // Taking it apart in a forked child would disturb the parent: see client_thread.h.
  if (impl_->is_foreign()) static_cast<void>(impl_.release());
}

Result<std::unique_ptr<Cluster>> Cluster::Open(ClusterOptions options) {
  if (const auto valid = CheckOptions(options); !valid) return Fail(valid.error());
  auto servers = zk::ParseServers(options.zookeeper);
  if (!servers) return Fail(servers.error().Within("zookeeper"));
  zk::NativeClientOptions client_options;
  client_options.servers = std::move(*servers);
  client_options.session_timeout = options.session_timeout;
  auto identity = zk::LoadIdentity(options.access_file, false, options.root);
  if (!identity) return Fail(identity.error());
  client_options.identity = *std::move(identity);
  const Duration open_timeout = options.open_timeout;
  auto impl = std::make_unique<Impl>(std::move(options), std::move(client_options));
  if (const auto opened = impl->Open(open_timeout); !opened) return Fail(opened.error());
  return std::unique_ptr<Cluster>(new Cluster(std::move(impl)));
}

Location Cluster::Locate(std::string_view key) const {
  Location location;
  impl_->Locate(key, location);
  return location;
}
void Cluster::Locate(std::string_view key, Location& location) const {
  impl_->Locate(key, location);
}
Result<Lease> Cluster::Connect(std::string_view key) {
  return impl_->Connect(key);
}
std::shared_ptr<Cluster::Subscription> Cluster::OnChange(ChangeCallback callback) {
  return impl_->OnChange(std::move(callback));
}
ClusterView Cluster::view() const {
  return impl_->View();
}
SessionState Cluster::session_state() const {
  return impl_->session_state();
}
Duration Cluster::age() const {
  return impl_->Age();
}
ClusterCounters Cluster::counters() const {
  return impl_->Counters();
}

}  // namespace zkcluster
