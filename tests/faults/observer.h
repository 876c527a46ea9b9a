// The scenario's own view of the cluster while it runs: a session that reads what is in ZooKeeper.
// The judges and measures use the transaction log; this one only shows when to go on. Used from the
// main thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "admin/snapshot.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "model/paths.h"
#include "zk/native_client.h"

namespace zkcluster::faults {

class Observer {
 public:
  Observer(const std::string& servers, ClusterPaths paths);
  ~Observer();

  // The present state; an error when the ensemble does not answer within a second.
  [[nodiscard]] Result<Snapshot> Read();
  // The statuses by shard; nothing when they cannot be read, or no decision is for this list.
  [[nodiscard]] std::optional<std::map<std::string, ShardStatus>> Statuses();

  // Reads repeatedly until `done` returns true. False when `limit` passed first.
  [[nodiscard]] bool Await(const std::function<bool()>& done, Duration limit);
  // Time passes.
  void Pass(Duration duration);

 private:
  const ClusterPaths paths_;
  std::shared_ptr<Logger> logger_ = NullLogger();
  EventLoop loop_;
  std::unique_ptr<zk::Client> client_;
};

}  // namespace zkcluster::faults
