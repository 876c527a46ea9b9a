// A program's view of one cluster. `Cluster` follows the status in ZooKeeper on a thread of its own
// and keeps a routing table; a lookup reads the newest table without a lock. When ZooKeeper goes
// away the last table stays, for hours if need be, and `view()` says how old it is. Thread-safe,
// except where a line says otherwise. Nothing here throws.
#pragma once

#include <zkcluster/export.h>
#include <zkcluster/result.h>
#include <zkcluster/ring.h>
#include <zkcluster/session.h>
#include <zkcluster/shard.h>
#include <zkcluster/spec.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;  // hiredis

namespace zkcluster {

struct PoolOptions {
  // Idle connections kept per shard, 0 .. 1,000. Raise it to the number of threads that use one
  // shard at once; leases beyond it are connected anew each time and closed when given back.
  std::size_t idle_per_shard = 8;
  // 1 ms .. 1 min. Raised too far, a thread waits that long on a shard that has just died.
  Duration connect_timeout = std::chrono::milliseconds(500);
  Duration command_timeout = std::chrono::seconds(1);
  std::string user;      // empty: AUTH with the password alone
  std::string password;  // empty: no AUTH
};

struct ClusterOptions {
  // ZooKeeper servers, "host:port" separated by commas; port 2181 where left out.
  std::string zookeeper;
  std::string root = "/goreclusters";
  std::string name;  // of the cluster
  // Says who we are to ZooKeeper. Seldom needed: everybody may read what clients follow, also where
  // nobody but operators and checkers may write. Only its passwords are used. Empty: nobody.
  std::string access_file;
  // 1 s .. 1 min. Only how soon `session_state` turns; the table does not depend on it.
  Duration session_timeout = std::chrono::seconds(10);
  // How long Open waits for the first table. 10 ms .. 10 min.
  Duration open_timeout = std::chrono::seconds(10);
  // A shard on which no status was ever decided: false serves it, true treats it as dead.
  bool refuse_unknown = false;
  PoolOptions pool;
};

// One moment of the cluster, immutable.
struct ClusterView {
  struct Shard {
    ShardSpec spec;
    ShardStatus status = ShardStatus::kUnknown;
    Micros since{0};
    // Why it is not alive: "refused", "timeout", ...; empty when alive or unknown.
    std::string reason;
    bool operator==(const Shard&) const = default;
  };
  std::uint64_t spec_version = 0;
  std::int64_t epoch = 0;  // of the leader that decided; 0: no decision yet, or Go checkers decide
  std::int64_t sequence = 0;     // of decisions; grows with each
  std::uint64_t generation = 0;  // of this program's table: 1, 2, 3 ...
  std::vector<Shard> shards;     // in the spec's order
  // These two are as of the call, not of the table.
  SessionState session = SessionState::kConnecting;
  Duration age{0};  // since the ensemble last confirmed this view; grows while it is away
};

struct ClusterCounters {
  std::uint64_t lookups = 0;        // Locate and Connect
  std::uint64_t stand_in_hits = 0;  // of these, served by a stand-in
  std::uint64_t dead_hits = 0;      // of these, refused because nobody serves
  std::uint64_t tables_built = 0;
  std::uint64_t bad_payloads = 0;  // znodes that could not be decoded; the last good view was kept
  std::uint64_t sessions = 0;      // opened so far
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_failed = 0;
  std::uint64_t connections_reused = 0;
};

// A connection on loan. Give it back by destroying it; it is thrown away instead of pooled when
// hiredis has marked it broken, or after Discard(). It may outlive its Cluster. Movable; one thread
// at a time.
//
// hiredis 0.14 writes without MSG_NOSIGNAL: a command sent at the moment in which its server dies
// raises SIGPIPE. A program that sends commands should ignore that signal (`signal(SIGPIPE,
// SIG_IGN)`); the library never changes the disposition of a signal by itself.
class ZKC_EXPORT Lease {
 public:
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();

  // Connected and authenticated; never null before a move. Do not free it, do not keep it.
  [[nodiscard]] redisContext* get() const;
  [[nodiscard]] const Location& location() const;
  // Call it when the conversation was left half-way (an unread reply, an open MULTI or SUBSCRIBE).
  void Discard();

 private:
  friend class ConnectionPool;
  struct ZKC_LOCAL State;
  explicit Lease(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A forked child has no use for its parent's Cluster, and opens its own: it may destroy it, which
// leaves the parent undisturbed and releases nothing, and Connect answers kUnavailable there.
class ZKC_EXPORT Cluster {
 public:
  // Called after each new table, on the cluster's own thread: return soon, do not throw, and do not
  // destroy the Cluster from it. A burst of changes may give one call.
  using ChangeCallback = std::function<void(const ClusterView&)>;
  // Keeps a callback registered; destroying it waits for a running call to end.
  class Subscription;

  // Connects and waits for the first table.
  // Errors: kInvalid (options), kNotFound (no such cluster), kUnavailable (no ZooKeeper
  // answered within open_timeout, or the system gave no thread or descriptors), kBadData (its
  // spec cannot be decoded).
  [[nodiscard]] static Result<std::unique_ptr<Cluster>> Open(ClusterOptions options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Where `key` is served by the newest table. Takes no lock; never waits.
  [[nodiscard]] Location Locate(std::string_view key) const;
  // The same into a Location that is used again and again: once its strings have grown to the
  // longest name and address, a lookup of a served key allocates nothing.
  void Locate(std::string_view key, Location& location) const;

  // A connection to the shard that serves `key`. Waits at most for connect_timeout +
  // command_timeout (AUTH), and for the system's resolver where the address is a name.
  // Errors: kShardDead at once when nobody serves the key; kUnavailable when connecting fails;
  // kDenied when AUTH does.
  [[nodiscard]] Result<Lease> Connect(std::string_view key);

  [[nodiscard]] std::shared_ptr<Subscription> OnChange(ChangeCallback callback);

  [[nodiscard]] ClusterView view() const;
  [[nodiscard]] SessionState session_state() const;
  [[nodiscard]] Duration age() const;
  [[nodiscard]] ClusterCounters counters() const;

 private:
  class ZKC_LOCAL Impl;
  explicit Cluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
