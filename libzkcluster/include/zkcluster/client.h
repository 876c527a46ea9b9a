// The one connection that a program needs: `Client` owns one thread and one session with the
// ensemble, and any number of clusters and managers are opened on it. A program that follows a
// single cluster needs none: `Cluster::Open(options)` makes its own. Thread-safe.
#pragma once

#include <zkcluster/export.h>
#include <zkcluster/result.h>
#include <zkcluster/session.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <memory>
#include <string>

namespace zkcluster {

class ClientThread;

struct ClientOptions {
  // ZooKeeper servers, "host:port" separated by commas, at most 100; port 2181 where left out.
  std::string zookeeper = {};
  std::string root = "/goreclusters";  // the znode below which the clusters are; absolute
  // Says who we are to ZooKeeper, see zkcluster-security(7). Empty: without an identity. Programs
  // that only follow clusters seldom need it: everybody may read what they read.
  std::string access_file = {};
  // With an access_file: what a Manager of this client makes can be changed only by operators and
  // checkers. False: by anyone.
  bool restricted = true;
  // 1 s .. 1 min. It only decides how soon `session_state` changes; routing tables do not
  // depend on it.
  Duration session_timeout = std::chrono::seconds(10);
};

// The handle of the connection. Clusters and managers opened on it may be destroyed before it or
// after it, in any order and from any thread, also from within a callback: the session ends with
// the last of them all. The last destructor waits for that, at most for 2 s when ZooKeeper is
// silent; within a callback it does not wait, and the session ends after the callback has returned.
//
// One thread serves all that is opened on a client: a callback that waits delays all other
// clusters. The calls that wait for an answer of the ensemble (`Cluster::Open` and those of a
// Manager) refuse with kInvalid within a callback of the same client: the answer could never come.
//
// A forked child has no use for its parent's Client. It may destroy it, which leaves the parent
// undisturbed and releases nothing there.
class ZKC_EXPORT Client {
 public:
  // Does not wait for a connection. Errors: kInvalid (the options, the access file), kUnavailable
  // (no thread or descriptors left).
  [[nodiscard]] static Result<std::unique_ptr<Client>> Open(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // As of the call, also while the client's thread is stalled.
  [[nodiscard]] SessionState session_state() const;
  // Time since the ensemble last answered; Duration::max() before its first answer.
  [[nodiscard]] Duration age() const;
  [[nodiscard]] std::uint64_t sessions() const;  // opened so far

 private:
  friend class Cluster;
  friend class Manager;
  ZKC_LOCAL explicit Client(std::shared_ptr<ClientThread> thread);
  std::shared_ptr<ClientThread> thread_;
};

}  // namespace zkcluster
