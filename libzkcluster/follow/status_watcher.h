// Follows spec and status of one cluster for a program: watches `head`, re-reads the chunks that
// changed, and hands out a RoutingTable whenever there is a newer one. Where there is no head (Go
// checkers run the cluster, or nobody does) it follows the Go `status`. It never goes back to an
// older table, and keeps the last one whatever happens to ZooKeeper.
//
// For the status alone `head` would be the only watch. The three znodes of the spec are watched as
// well, so that an operator's change reaches programs while no checker is alive to write a head.
// Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/loop.h"
#include "follow/spec_watcher.h"
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
  ~StatusWatcher();

  [[nodiscard]] const Counters& counters() const { return counters_; }
  // A good spec of the cluster has been seen: there is a table, or there will be one.
  [[nodiscard]] bool has_spec() const;

 private:
  struct Impl;
  Counters counters_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
