// Idle Redis connections of one Cluster, by address: lent as a Lease, given back, reset (see
// redis_connection.h), and dropped when their shard dies or leaves the spec, or its name the address
// of the connection. One mutex per shard's address, so that threads on different shards never meet.
// Thread-safe.
#pragma once

#include <zkcluster/cluster.h>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "client/name_lookup.h"

namespace zkcluster {

class RedisConnection;

class ConnectionPool {
 public:
  struct Counters {
    std::uint64_t opened = 0;
    std::uint64_t failed = 0;
    std::uint64_t reused = 0;
  };

  explicit ConnectionPool(PoolOptions options);
  ~ConnectionPool();  // leases on loan stay usable and are closed when given back

  // Looks the name up and connects within connect_timeout.
  // REQUIRES: location.serving. Errors: kUnavailable, kDenied.
  [[nodiscard]] Result<Lease> Take(Location location, const NameLookup& lookup = nullptr);

  // Only these addresses have living shards: closes the idle connections of all others, and keeps
  // none there from now on.
  void Retain(const std::set<std::string>& addresses);

  [[nodiscard]] Counters counters() const;

 private:
  friend struct Lease::State;
  struct Slot;

  [[nodiscard]] Result<std::unique_ptr<RedisConnection>> Open(Slot& slot, TimePoint deadline) const;
  [[nodiscard]] std::shared_ptr<Slot> SlotOf(const std::string& address);

  const std::shared_ptr<const PoolOptions> options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
  std::optional<std::set<std::string>> retained_;  // nothing before the first Retain
  std::atomic<std::uint64_t> opened_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> reused_{0};
};

}  // namespace zkcluster
