// Follows spec and status of one cluster for a program, and reports a RoutingTable whenever there
// is a newer one: what a BoardWatcher has found, made into a table. It never goes back to an older
// table, and keeps the last one while ZooKeeper is away. Each program has one for each of its
// clusters. Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/loop.h"
#include "follow/board_watcher.h"
#include "ring/routing_table.h"
#include "zk/client.h"

namespace zkcluster {

class StatusWatcher {
 public:
  struct Update {
    std::shared_ptr<const RoutingTable> table;
    std::int64_t epoch = 0;  // 0: from a Go status, or none decided
    std::int64_t sequence = 0;
  };
  // Neither may destroy the watcher.
  struct Callbacks {
    std::function<void(const Update&)> updated;  // a new table
    // kNotFound: no such cluster; kBadData: undecodable.
    std::function<void(const Error&)> troubled;
  };
  struct Counters {
    std::uint64_t tables_built = 0;
    std::uint64_t bad_payloads = 0;
    std::uint64_t chunk_reads = 0;
  };

  StatusWatcher(Loop& loop, zk::Client& client, ClusterPaths paths, bool refuse_unknown,
                Callbacks callbacks);

  [[nodiscard]] Counters counters() const;
  // A good spec of the cluster has been seen: there is a table, or there will be one.
  [[nodiscard]] bool has_spec() const { return board_watcher_.has_spec(); }

 private:
  void Publish(const BoardWatcher::View& view);

  const bool refuse_unknown_;
  const Callbacks callbacks_;
  std::uint64_t tables_built_ = 0;
  std::uint64_t tables_refused_ = 0;
  std::shared_ptr<const RoutingTable> table_;
  std::optional<Update> published_;
  BoardWatcher board_watcher_;
};

}  // namespace zkcluster
