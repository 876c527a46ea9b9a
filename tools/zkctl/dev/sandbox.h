// The servers of `zkctl dev`: a private ZooKeeper, Redis servers, a cluster "demo" and its
// checkers, all on loopback. They end with the object. Throws std::runtime_error with a message for
// people. Used only on the thread that created it (see tools/sandbox/process.h).
#pragma once

#include <zkcluster/spec.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sandbox/sandbox.h"

namespace zkcluster::zkctl {

inline constexpr std::string_view kDevCluster = "demo";

// What ends the sandbox before its time: Ctrl-C, SIGTERM or SIGHUP.
struct Interrupted {};
// From here on these signals only set a flag. Children are in groups of their own, so that Ctrl-C
// in a terminal reaches only us; everything ends once and in order, even if it is pressed again.
void CatchInterrupts();
[[nodiscard]] bool InterruptSeen();
void ThrowIfInterrupted();

class DevSandbox {
 public:
  struct Options {
    int redis = 4;
    int checkers = 3;
  };
  // Called with a line about each step as it is done.
  using Progress = std::function<void(const std::string& line)>;
  // Starts everything and waits until every checker is ready. Also throws Interrupted.
  DevSandbox(const Options& options, const Progress& progress);

  [[nodiscard]] const ClusterSpec& spec() const { return spec_; }
  [[nodiscard]] std::string zookeeper_address() const { return zookeeper_.address(); }
  [[nodiscard]] sandbox::ZooKeeperServer& zookeeper() { return zookeeper_; }
  [[nodiscard]] std::size_t shards() const { return redis_.size(); }
  [[nodiscard]] sandbox::RedisServer& redis(std::size_t shard) { return *redis_[shard]; }
  // REQUIRES: a shard of the spec.
  [[nodiscard]] std::size_t IndexOf(std::string_view shard) const;
  [[nodiscard]] std::vector<std::unique_ptr<sandbox::CheckerProcess>>& checkers() {
    return checkers_;
  }
  // The ends of the checkers' logs.
  [[nodiscard]] std::string LogTails(std::size_t lines) const;

 private:
  void StartRedis(int count, const Progress& progress);
  void CreateCluster(int checkers, const Progress& progress);
  void StartCheckers(int count, const Progress& progress);

  sandbox::ZooKeeperServer zookeeper_;
  std::vector<std::unique_ptr<sandbox::RedisServer>> redis_;
  std::vector<std::unique_ptr<sandbox::CheckerProcess>> checkers_;
  ClusterSpec spec_;
};

}  // namespace zkcluster::zkctl
