#include "client/connection_pool.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "client/redis_connection.h"
#include "text/address.h"

namespace zkcluster {
namespace {

// How long the addresses of a name are used without another question. The client's thread knows the
// name's own TTL, which is no shorter.
constexpr Duration kFreshName = std::chrono::seconds(5);
// However little time is left, an address is tried.
constexpr Duration kShortestTry = std::chrono::milliseconds(1);

// There is no loop to ask: the caller's thread waits, and has a deadline.
TimePoint MonotonicNow() {
  return std::chrono::steady_clock::now();
}

}  // namespace

struct ConnectionPool::Slot {
  using Connection = std::unique_ptr<RedisConnection>;

  Slot(std::string a, std::size_t l, std::shared_ptr<const PoolOptions> o)
      : addr(std::move(a)), limit(l), options(std::move(o)) {
    if (auto parsed = ParseAddress(addr)) address = *std::move(parsed);
    is_named = address && !address->host.empty() && !IsIpLiteral(address->host);
  }

  // Asks for the addresses of a name when the known ones are too old. REQUIRES: is_named.
  void Refresh(const NameLookup& lookup, TimePoint now) {
    bool any_known = false;
    {
      const std::lock_guard lock(mutex);
      if (lookup == nullptr || now < ask_again) return;
      any_known = !addresses.empty();
    }
    // With something to fall back on, half of the time is left to connect to it.
    const Duration wait = any_known ? options->connect_timeout / 2 : options->connect_timeout;
    std::vector<std::string> found = lookup(address->host, wait);
    std::vector<Connection> closing;
    const std::lock_guard lock(mutex);
    if (!found.empty()) addresses = std::move(found);
    if (!addresses.empty()) ask_again = now + kFreshName;
    std::erase_if(idle, [&](Connection& connection) {
      if (!HasLeft(*connection)) return false;
      closing.push_back(std::move(connection));
      return true;
    });
  }
  // To connect to, as literals.
  [[nodiscard]] std::vector<std::string> Literals() {
    if (!address) return {};
    if (address->host.empty()) return {"127.0.0.1"};
    if (!is_named) return {address->host};
    const std::lock_guard lock(mutex);
    return addresses;
  }

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
    if (retired || HasLeft(*connection) || idle.size() >= limit) return;
    idle.push_back(std::move(connection));
  }
  void Retire() {
    std::vector<Connection> closing;
    const std::lock_guard lock(mutex);
    retired = true;
    closing.swap(idle);
  }

  // Whether the name has left the address of this connection. Under the mutex.
  [[nodiscard]] bool HasLeft(const RedisConnection& connection) const {
    return !addresses.empty() && std::ranges::find(addresses, connection.peer()) == addresses.end();
  }

  const std::string addr;
  std::optional<Address> address;  // nothing: `addr` is none
  bool is_named = false;
  const std::size_t limit;
  const std::shared_ptr<const PoolOptions> options;
  std::atomic<bool> knows_reset = true;  // until the server says otherwise
  std::mutex mutex;
  bool retired = false;
  std::vector<Connection> idle;
  std::vector<std::string> addresses;  // of a name, the last good ones
  TimePoint ask_again{};
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
  if (retained_ && !retained_->contains(address))
    return std::make_shared<Slot>(address, 0, options_);
  auto& slot = slots_[address];
  if (!slot) slot = std::make_shared<Slot>(address, options_->idle_per_shard, options_);
  return slot;
}

// Every address gets its share of the time that is left: one that drops packets must not use up
// that of the others.
Result<std::unique_ptr<RedisConnection>> ConnectionPool::Open(Slot& slot,
                                                              TimePoint deadline) const {
  const std::vector<std::string> addresses = slot.Literals();
  Result<std::unique_ptr<RedisConnection>> opened =
      Fail(ErrorCode::kUnavailable, "connect " + slot.addr + ": the name has no address");
  if (!slot.address) {
    return Fail(ErrorCode::kUnavailable, "connect " + slot.addr + ": no address");
  }
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto left = static_cast<Duration::rep>(addresses.size() - i);
    const Duration share = std::max((deadline - MonotonicNow()) / left, kShortestTry);
    opened = RedisConnection::Open({addresses[i], slot.address->port}, slot.addr, share, *options_);
    if (opened || opened.error().code == ErrorCode::kDenied) break;
  }
  return opened;
}

Result<Lease> ConnectionPool::Take(Location location, const NameLookup& lookup) {
  auto slot = SlotOf(location.addr);
  const TimePoint now = MonotonicNow();
  if (slot->is_named) slot->Refresh(lookup, now);
  auto connection = slot->Take();
  if (connection) {
    reused_.fetch_add(1, std::memory_order_relaxed);
  } else {
    auto opened = Open(*slot, now + options_->connect_timeout);
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
