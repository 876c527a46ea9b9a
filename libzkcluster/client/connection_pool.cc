#include "client/connection_pool.h"

#include <utility>
#include <vector>

#include "client/redis_connection.h"

namespace zkcluster {

struct ConnectionPool::Slot {
  using Connection = std::unique_ptr<RedisConnection>;

  Slot(std::size_t l, std::shared_ptr<const PoolOptions> o) : limit(l), options(std::move(o)) {}

  // Empty when there is none.
  Connection Take() {
    bool may_wait = true;
    while (true) {
      Connection connection;
      {
        const std::lock_guard lock(mutex);
        if (idle.empty()) return nullptr;
        // The newest one: the others may grow old enough for the server to close them.
        connection = std::move(idle.back());
        idle.pop_back();
      }
      const auto check = connection->Prepare(*options, knows_reset, may_wait);
      if (check == RedisConnection::Check::kGood) return connection;
      // One silent connection is enough: do not wait for the server again on the next ones.
      if (check == RedisConnection::Check::kSilent) may_wait = false;
    }
  }
  void Give(Connection connection) {
    if (!connection->TakeBack(*options, knows_reset)) return;
    const std::lock_guard lock(mutex);
    if (!retired && idle.size() < limit) idle.push_back(std::move(connection));
  }
  void Retire() {
    std::vector<Connection> closing;
    const std::lock_guard lock(mutex);
    retired = true;
    closing.swap(idle);
  }

  const std::size_t limit;
  const std::shared_ptr<const PoolOptions> options;
  std::atomic<bool> knows_reset = true;  // until the server says otherwise
  std::mutex mutex;
  bool retired = false;
  std::vector<Connection> idle;
};

// --- Lease ---

struct Lease::State {
  std::shared_ptr<ConnectionPool::Slot> slot;
  std::unique_ptr<RedisConnection> connection;
  Location location;
  bool discard = false;

  State(std::shared_ptr<ConnectionPool::Slot> s, std::unique_ptr<RedisConnection> c, Location l)
      : slot(std::move(s)), connection(std::move(c)), location(std::move(l)) {}
  ~State() {
    if (!discard) slot->Give(std::move(connection));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;
Lease::~Lease() = default;

redisContext* Lease::get() const {
  return state_ ? state_->connection->context() : nullptr;
}
const Location& Lease::location() const {
  static const Location kNowhere;
  return state_ ? state_->location : kNowhere;
}
void Lease::Discard() {
  if (state_) state_->discard = true;
}

// --- ConnectionPool ---

ConnectionPool::ConnectionPool(PoolOptions options)
    : options_(std::make_shared<const PoolOptions>(std::move(options))) {}

ConnectionPool::~ConnectionPool() {
  Retain({});
}

std::shared_ptr<ConnectionPool::Slot> ConnectionPool::SlotOf(const std::string& address) {
  const std::lock_guard lock(mutex_);
  // The caller used an old table: nobody would ever close a connection left idle there.
  if (retained_ && !retained_->contains(address)) return std::make_shared<Slot>(0, options_);
  auto& slot = slots_[address];
  if (!slot) slot = std::make_shared<Slot>(options_->idle_per_shard, options_);
  return slot;
}

Result<Lease> ConnectionPool::Take(Location location) {
  auto slot = SlotOf(location.addr);
  auto connection = slot->Take();
  if (connection) {
    reused_.fetch_add(1, std::memory_order_relaxed);
  } else {
    auto opened = RedisConnection::Open(location.addr, *options_);
    if (!opened) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      return Fail(opened.error());
    }
    opened_.fetch_add(1, std::memory_order_relaxed);
    connection = *std::move(opened);
  }
  return Lease(
      std::make_unique<Lease::State>(std::move(slot), std::move(connection), std::move(location)));
}

void ConnectionPool::Retain(const std::set<std::string>& addresses) {
  std::vector<std::shared_ptr<Slot>> gone;
  {
    const std::lock_guard lock(mutex_);
    retained_ = addresses;
    for (auto slot = slots_.begin(); slot != slots_.end();) {
      if (addresses.contains(slot->first)) {
        ++slot;
      } else {
        gone.push_back(std::move(slot->second));
        slot = slots_.erase(slot);
      }
    }
  }
  for (const auto& slot : gone) slot->Retire();
}

ConnectionPool::Counters ConnectionPool::counters() const {
  return {opened_.load(std::memory_order_relaxed), failed_.load(std::memory_order_relaxed),
          reused_.load(std::memory_order_relaxed)};
}

}  // namespace zkcluster
