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
  // `got` is called on the follower's thread with the zxid of each version that arrives.
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
