// The limit of flip to table: the ZooKeeper C client, one znode, watch and get. Thread-safe: it has
// a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace zkcluster::bench {

class BareFollower {
 public:
  // `got` is told, on the follower's thread, the zxid of each version it gets to see.
  BareFollower(const std::string& zookeeper, std::string path,
               std::function<void(std::int64_t zxid)> got);
  ~BareFollower();
  BareFollower(const BareFollower&) = delete;
  BareFollower& operator=(const BareFollower&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster::bench
