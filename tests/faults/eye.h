// The scenario's own view of the cluster while it runs: a session that reads what is in
// ZooKeeper. What is judged and measured in the end is the transaction log; this is for knowing
// when to go on. Used from the main thread only.
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

class Eye {
 public:
  Eye(const std::string& servers, ClusterPaths paths);
  ~Eye();

  // What is there now; an error when the ensemble does not answer within a second.
  [[nodiscard]] Result<Snapshot> Look();
  // By shard; nothing when it cannot be read, or no decision is about this list.
  [[nodiscard]] std::optional<std::map<std::string, ShardStatus>> Statuses();

  // Reads again and again until `done` says so. False when `limit` passed first.
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
