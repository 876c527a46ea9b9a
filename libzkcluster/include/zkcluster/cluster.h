// A program's view of one cluster. `Cluster` follows the status in ZooKeeper on its client's thread
// and keeps a routing table; a lookup reads the newest table without a lock. When ZooKeeper goes
// away the last table stays, for hours if need be, and `view()` says how old it is. Thread-safe,
// except where a line says otherwise. Nothing here throws.
#pragma once

#include <zkcluster/client.h>
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

// Whether a connection that is given back is reset (RESET and AUTH; on servers before Redis 6.2
// UNWATCH, SELECT 0, CLIENT SETNAME and AUTH) before another borrower gets it.
enum class LeaseReset {
  // When a reply read may be that of a command that changes the connection: any status but PONG. So
  // a GET costs nothing, and a SET, which answers OK, costs a reset.
  kWhenNeeded,
  kAlways,  // also after what leaves no trace in replies: CLIENT REPLY OFF or SKIP
  kNever,   // for servers that know neither way; borrowers must undo their own changes
};

struct PoolOptions {
  // Idle connections kept per shard, 0 .. 1,000. Raise it to the number of threads that use one
  // shard at once; leases beyond it open a new connection each time and close it when given back.
  std::size_t idle_per_shard = 8;
  // 1 ms .. 1 min. Raised too far, a thread waits that long on a shard that has just died.
  Duration connect_timeout = std::chrono::milliseconds(500);
  // Of each command and reply, 1 ms .. 1 min. Set again for each lease.
  Duration command_timeout = std::chrono::seconds(1);
  std::string user = {};      // empty: AUTH with only the password
  std::string password = {};  // empty: no AUTH
  LeaseReset reset = LeaseReset::kWhenNeeded;
};

// What to follow, on a client that others share.
struct FollowOptions {
  std::string name = {};  // of the cluster; 1 .. 200 bytes
  // How long Open waits for the first table. 10 ms .. 10 min.
  Duration open_timeout = std::chrono::seconds(10);
  // A shard without a decided status: false serves its keys from it, true treats it as dead.
  bool refuse_unknown = false;
  PoolOptions pool = {};
};

// A cluster with a client of its own. The members are those of ClientOptions and FollowOptions.
struct ClusterOptions {
  std::string zookeeper = {};
  std::string root = "/goreclusters";
  std::string name = {};
  // Seldom needed: everybody may read what clients follow, also where only operators and checkers
  // may write. Only its passwords are used.
  std::string access_file = {};
  Duration session_timeout = std::chrono::seconds(10);
  Duration open_timeout = std::chrono::seconds(10);
  bool refuse_unknown = false;
  PoolOptions pool = {};
};

// One moment of the cluster, immutable.
struct ClusterView {
  struct Shard {
    ShardSpec spec;
    ShardStatus status = ShardStatus::kUnknown;
    Micros since{0};  // of the status, by the clock of the leader that decided it; 0: undecided
    // Why it is not alive: "refused", "timeout", ...; empty when alive or unknown.
    std::string reason;
    bool operator==(const Shard&) const = default;
  };
  std::uint64_t spec_version = 0;  // ClusterSpec::version
  std::int64_t epoch = 0;  // of the leader that decided; 0: no decision yet, or Go checkers decide
  std::int64_t sequence = 0;     // of decisions; grows with each
  std::uint64_t generation = 0;  // of this program's table: 1, 2, 3 ...
  std::vector<Shard> shards;     // in the spec's order
  // These two are as of the call, not of the table.
  SessionState session = SessionState::kConnecting;
  Duration age{0};  // since the ensemble last confirmed this view; grows while it is unreachable
};

// Since Open; none ever goes back.
struct ClusterCounters {
  std::uint64_t lookups = 0;        // Locate and Connect
  std::uint64_t stand_in_hits = 0;  // of these, served by a stand-in
  std::uint64_t dead_hits = 0;      // of these, refused because nobody serves
  std::uint64_t tables_built = 0;
  std::uint64_t bad_payloads = 0;  // znodes that could not be decoded; the last good view was kept
  std::uint64_t sessions = 0;      // opened so far by the client that it follows with
  std::uint64_t connections_opened = 0;  // by Connect, AUTH included
  std::uint64_t connections_failed = 0;  // attempts to open one
  std::uint64_t connections_reused = 0;  // leases served from the pool
};

// A connection on loan. Give it back by destroying it. The next borrower finds it as after
// connecting: no socket timeout, database, open MULTI, WATCH, subscription, MONITOR, changed user
// or name is left over (see LeaseReset). It is closed instead of pooled when hiredis has marked it
// broken, when a reply is unread, when it was subscribed, or after Discard(). It may outlive its
// Cluster. Movable; one thread at a time.
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
  // Closes it instead of pooling it. Needed only for changes that no reply shows: see LeaseReset.
  void Discard();

 private:
  friend class ConnectionPool;
  struct ZKC_LOCAL State;
  ZKC_LOCAL explicit Lease(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A forked child has no use for its parent's Cluster, and opens its own: it may destroy it, which
// leaves the parent undisturbed and releases nothing, and Connect answers kUnavailable there.
class ZKC_EXPORT Cluster {
 public:
  // Called on the client's thread after each new table, not for the table of the moment of
  // registration. Return soon, because other clusters of the client wait meanwhile, and do
  // not throw. It may destroy this Cluster, another, or the Client. A burst of changes may
  // give one call.
  using ChangeCallback = std::function<void(const ClusterView&)>;
  // Keeps a callback registered. Destroying it waits for a running call to end, except within it.
  class Subscription;

  // On a client that others share. Waits for the first table. Errors: kInvalid (options, or within
  // a callback of the same client), kNotFound (no such cluster), kUnavailable (no ZooKeeper
  // answered within open_timeout), kBadData (its spec cannot be decoded).
  [[nodiscard]] static Result<std::unique_ptr<Cluster>> Open(const Client& client,
                                                             FollowOptions options);
  // The short form, with a client of its own. Errors besides: kInvalid (the client's options),
  // kUnavailable (the system gave no thread or descriptors).
  [[nodiscard]] static Result<std::unique_ptr<Cluster>> Open(ClusterOptions options);
  // Waits for a running callback of this cluster, except from within it; none is called afterwards.
  // Other clusters of the same client are not disturbed. If this was the client's last owner, the
  // client ends as client.h describes.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Where `key` is served, by the newest table. Takes no lock; never waits.
  [[nodiscard]] Location Locate(std::string_view key) const;
  // The same into a Location that is used again and again: once its strings have grown to the
  // longest name and address, a lookup of a served key allocates nothing.
  void Locate(std::string_view key, Location& location) const;

  // A connection to the shard that serves `key`. Waits at most for connect_timeout + twice
  // command_timeout (a reset, AUTH); a name is looked up within connect_timeout, too, and its last
  // good addresses are used when it does not resolve any more. Errors: kShardDead at once when
  // nobody serves the key; kUnavailable when connecting fails; kDenied when AUTH does.
  [[nodiscard]] Result<Lease> Connect(std::string_view key);

  [[nodiscard]] std::shared_ptr<Subscription> OnChange(ChangeCallback callback);

  [[nodiscard]] ClusterView view() const;
  [[nodiscard]] SessionState session_state() const;
  [[nodiscard]] Duration age() const;
  [[nodiscard]] ClusterCounters counters() const;

 private:
  class ZKC_LOCAL Impl;
  ZKC_LOCAL explicit Cluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
