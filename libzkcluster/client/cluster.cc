#include <zkcluster/cluster.h>

#include <utility>

#include "client/client_thread.h"
#include "client/follower.h"
#include "model/paths.h"

namespace zkcluster {
namespace {

Result<void> CheckOptions(const FollowOptions& options) {
  if (const auto valid = ValidateName("cluster", options.name); !valid) return valid;
  const auto within = [](Duration value, Duration low, Duration high) {
    return value >= low && value <= high;
  };
  using std::chrono::milliseconds, std::chrono::minutes;
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

class Cluster::Subscription {
 public:
  explicit Subscription(std::shared_ptr<ChangeListeners::Entry> entry) : entry_(std::move(entry)) {}
  ~Subscription() { entry_->End(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  std::shared_ptr<ChangeListeners::Entry> entry_;
};

class Cluster::Impl {
 public:
  Impl(std::shared_ptr<ClientThread> t, FollowOptions options)
      : thread(std::move(t)),
        follower(std::make_shared<Follower>(ClusterPaths(thread->root(), options.name),
                                            options.refuse_unknown, std::move(options.pool),
                                            thread->facts())) {
    thread->Post([f = follower](EventLoop& loop, zk::Client& client) { f->Begin(loop, client); });
  }
  // Waits for this cluster's callbacks only.
  ~Impl() {
    follower->listeners().EndAll();
    thread->Post([f = follower](EventLoop&, zk::Client&) { f->Stop(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::shared_ptr<ClientThread> thread;
  const std::shared_ptr<Follower> follower;
};

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cluster::~Cluster() {
  // Destroying it in a forked child would disturb the parent: see client_thread.h.
  if (impl_->thread->is_foreign()) static_cast<void>(impl_.release());
}

Result<std::unique_ptr<Cluster>> Cluster::Open(const Client& client, FollowOptions options) {
  if (const auto valid = CheckOptions(options); !valid) return Fail(valid.error());
  if (const auto may_wait = client.thread_->CheckWait("client"); !may_wait) {
    return Fail(may_wait.error());
  }
  const Duration open_timeout = options.open_timeout;
  auto impl = std::make_unique<Impl>(client.thread_, std::move(options));
  if (const auto ready = impl->follower->AwaitTable(open_timeout); !ready) {
    return Fail(ready.error());
  }
  return std::unique_ptr<Cluster>(new Cluster(std::move(impl)));
}

Result<std::unique_ptr<Cluster>> Cluster::Open(ClusterOptions options) {
  FollowOptions follow{std::move(options.name), options.open_timeout, options.refuse_unknown,
                       std::move(options.pool)};
  if (const auto valid = CheckOptions(follow); !valid) return Fail(valid.error());
  const auto client = Client::Open({.zookeeper = std::move(options.zookeeper),
                                    .root = std::move(options.root),
                                    .access_file = std::move(options.access_file),
                                    .restricted = false,
                                    .session_timeout = options.session_timeout});
  if (!client) return Fail(client.error());
  return Open(**client, std::move(follow));
}

Location Cluster::Locate(std::string_view key) const {
  Location location;
  impl_->follower->Locate(key, location);
  return location;
}
void Cluster::Locate(std::string_view key, Location& location) const {
  impl_->follower->Locate(key, location);
}
Result<Lease> Cluster::Connect(std::string_view key) {
  // Two processes must not share one pooled connection.
  if (impl_->thread->is_foreign()) {
    return Fail(ErrorCode::kUnavailable, "this cluster belongs to the parent process");
  }
  Location location;
  impl_->follower->Locate(key, location);
  if (location.serving) {
    return impl_->follower->pool().Take(
        std::move(location), [&thread = *impl_->thread](const std::string& host, Duration limit) {
          return thread.AddressesOf(host, limit);
        });
  }
  return Fail(ErrorCode::kShardDead,
              "shard \"" + location.owner + "\" is dead and has no stand-in");
}
std::shared_ptr<Cluster::Subscription> Cluster::OnChange(ChangeCallback callback) {
  return std::make_shared<Subscription>(impl_->follower->listeners().Add(std::move(callback)));
}
ClusterView Cluster::view() const {
  return impl_->follower->View();
}
SessionState Cluster::session_state() const {
  return impl_->follower->facts().state();
}
Duration Cluster::age() const {
  return impl_->follower->facts().age();
}
ClusterCounters Cluster::counters() const {
  return impl_->follower->Counters();
}

}  // namespace zkcluster
