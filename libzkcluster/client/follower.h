// A program's follower of one cluster: the conductor on the client's thread, and what it publishes
// for all threads (the routing table, the pool of connections, the program's callbacks). Owned by
// its Cluster and, until it has stopped, by the client's thread. Begin and Stop run on that thread;
// the rest is Thread-safe.
#pragma once

#include <zkcluster/client.h>
#include <zkcluster/cluster.h>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "base/loop.h"
#include "client/change_listeners.h"
#include "client/connection_pool.h"
#include "client/session_facts.h"
#include "client/table_cache.h"
#include "follow/status_watcher.h"
#include "model/paths.h"

namespace zkcluster {

class Follower {
 public:
  Follower(ClusterPaths paths, bool refuse_unknown, PoolOptions pool,
           std::shared_ptr<SessionFacts> facts);

  // --- on the client's thread ---
  void Begin(Loop& loop, zk::Client& client);
  void Stop() { watcher_.reset(); }

  // Waits for the first table. Errors: as Cluster::Open.
  [[nodiscard]] Result<void> AwaitTable(Duration timeout);

  void Locate(std::string_view key, Location& location) const;
  [[nodiscard]] ClusterView View() const { return ViewOf(slot_.Load()); }
  [[nodiscard]] ClusterCounters Counters() const;
  [[nodiscard]] const SessionFacts& facts() const { return *facts_; }
  [[nodiscard]] ConnectionPool& pool() { return pool_; }
  // Runs for each table that is newer than the one of now.
  [[nodiscard]] std::shared_ptr<ChangeListeners::Entry> Listen(Cluster::ChangeCallback callback) {
    return listeners_.Add(std::move(callback), slot_.generation());
  }
  [[nodiscard]] ChangeListeners& listeners() { return listeners_; }

 private:
  // Spread over cache lines: a lookup is about as fast as two threads adding to one counter.
  class LookupCounters {
   public:
    void Count(const Location& location);
    void AddTo(ClusterCounters& sum) const;

   private:
    struct alignas(64) Stripe {
      std::atomic<std::uint64_t> lookups{0};
      std::atomic<std::uint64_t> stand_in_hits{0};
      std::atomic<std::uint64_t> dead_hits{0};
    };
    std::array<Stripe, 16> stripes_;
  };

  void Updated(const StatusWatcher::Update& update) noexcept;
  void Troubled(const Error& error);
  void Record();
  [[nodiscard]] ClusterView ViewOf(const PublishedTable& published) const;

  const ClusterPaths paths_;
  const bool refuse_unknown_;
  const std::shared_ptr<SessionFacts> facts_;
  TableSlot slot_;
  ConnectionPool pool_;
  ChangeListeners listeners_;
  mutable LookupCounters lookups_;

  std::mutex opening_;
  std::condition_variable decided_;
  bool has_table_ = false;
  std::optional<Error> trouble_;

  // Written by the client's thread, read by all.
  std::atomic<std::uint64_t> tables_built_{0};
  std::atomic<std::uint64_t> bad_payloads_{0};

  // Used only on the client's thread.
  zk::Client* client_ = nullptr;
  std::unique_ptr<StatusWatcher> watcher_;
};

}  // namespace zkcluster
