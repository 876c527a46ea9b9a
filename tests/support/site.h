// The stage of the integration tests: one real ZooKeeper for the whole program, and for each case a
// root of its own with real Redis servers, zkchecker processes, a Manager and a session for the
// test's own reads and writes. What a case started ends with it, passed or failed. Waits have
// generous limits and assert no timing. Used from the main thread only.
#pragma once

#include <doctest/doctest.h>

#include <zkcluster/cluster.h>
#include <zkcluster/manager.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "model/paths.h"
#include "tools/sandbox/sandbox.h"
#include "zk/native_client.h"

namespace zkcluster {
struct Event;
struct Snapshot;
}  // namespace zkcluster

namespace zkcluster::integration {

inline constexpr Duration kLimit = std::chrono::seconds(20);

// The server that all cases share. A case that stops it starts it again before it ends.
sandbox::ZooKeeperServer& SharedZooKeeper();

// The test's own session: its verbs wait for their answer. Its loop runs only within calls of this
// class; proxies and rude servers of a test case may use that loop.
class DirectSession {
 public:
  explicit DirectSession(const std::string& server);
  ~DirectSession();

  [[nodiscard]] EventLoop& loop() { return loop_; }
  void Pump(Duration duration);
  // Turns the loop until `done` returns true; it may use the verbs below. False
  // when `limit` passed.
  [[nodiscard]] bool Await(const std::function<bool()>& done, Duration limit = kLimit);

  Result<zk::Node> Get(const std::string& path);
  std::string Data(const std::string& path);  // "" when it cannot be read
  bool Exists(const std::string& path);
  std::vector<std::string> Children(const std::string& path);  // sorted; none when absent
  Result<std::string> Create(const std::string& path, const std::string& data,
                             zk::CreateMode mode = zk::CreateMode::kPersistent);
  // At any version.
  Result<void> Put(const std::string& path, const std::string& data);
  Result<void> Delete(const std::string& path);
  Result<Snapshot> Read(const ClusterPaths& paths);

 private:
  template <class T>
  Result<T> Wait(const std::function<void(zk::Callback<T>)>& begin, bool repeatable = true);

  std::shared_ptr<Logger> logger_ = NullLogger();
  EventLoop loop_;
  std::unique_ptr<zk::Client> client_;
};

class Site {
 public:
  Site();
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  // Options with this site's ZooKeeper and root, short sessions, all clusters.
  [[nodiscard]] sandbox::CheckerOptions CheckerDefaults(const std::string& id) const;
  sandbox::CheckerProcess& AddChecker(const std::string& id);
  sandbox::CheckerProcess& AddChecker(sandbox::CheckerOptions options);
  void AddCheckers(int count);  // c1, c2 ...
  sandbox::RedisServer& AddRedis(sandbox::RedisOptions options = {});
  void AddRedis(int count);

  // Shards s1, s2 ... at `addresses` (the site's Redis servers when left out), probed at a fast
  // pace; the electorate is the number of checkers so far, or three without any.
  [[nodiscard]] ClusterSpec SpecOf(const std::string& name,
                                   std::vector<std::string> addresses = {}) const;
  void Create(const ClusterSpec& spec);
  [[nodiscard]] ClusterPaths Paths(const std::string& name) const { return {root, name}; }
  [[nodiscard]] ClusterOptions ClientOptions(const std::string& name) const;
  [[nodiscard]] std::unique_ptr<Cluster> OpenClient(const std::string& name);

  // One letter a shard, in the spec's order: A, D or ? ; or the cause why it cannot be read.
  [[nodiscard]] std::string Statuses(const std::string& name);
  // The last statuses seen: `expected`, or what was there when `limit` had passed.
  [[nodiscard]] std::string AwaitStatus(const std::string& name, const std::string& expected,
                                        Duration limit = kLimit);
  // The same as a client of the library sees it.
  [[nodiscard]] std::string AwaitView(const Cluster& cluster, const std::string& expected,
                                      Duration limit = kLimit);
  [[nodiscard]] Snapshot Read(const std::string& name);
  // Ids with a candidate, and with a decodable ballot, joined: "c1,c2,c3".
  [[nodiscard]] std::string Candidates(const std::string& name);
  [[nodiscard]] std::string Voters(const std::string& name);
  [[nodiscard]] std::string AwaitVoters(const std::string& name, const std::string& expected);
  // The checker that leads by both the record and its candidate; waits for one.
  [[nodiscard]] sandbox::CheckerProcess& AwaitLeader(const std::string& name);
  [[nodiscard]] std::vector<Event> Journal(const std::string& name);
  // Writes the end of every checker's log to stderr, to explain a failure.
  void PrintLogs() const;

  const std::string root;
  sandbox::ZooKeeperServer& zookeeper;
  DirectSession direct;
  std::unique_ptr<Manager> manager;
  std::vector<std::unique_ptr<sandbox::RedisServer>> redis;
  std::vector<std::unique_ptr<sandbox::CheckerProcess>> checkers;
};

[[nodiscard]] std::string Letters(const ClusterView& view);
// A key that `shard` owns.
[[nodiscard]] std::string KeyOwnedBy(const Cluster& cluster, const std::string& shard);

// Runs zkchecker with these arguments to its end.
struct Ran {
  sandbox::ExitStatus status;
  std::string output;  // stdout and stderr
};
[[nodiscard]] Ran RunChecker(const std::vector<std::string>& arguments);

template <class T>
std::string CodeName(const Result<T>& result) {
  return result ? "success" : std::string(ErrorCodeName(result.error().code));
}

}  // namespace zkcluster::integration
