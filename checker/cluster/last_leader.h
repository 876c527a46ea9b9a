// Who took over one cluster last, as the `leader` znode says. It is written once in each epoch, so
// to follow it costs one read a take-over. Owned by a Participant. Loop-bound conductor.
#pragma once

#include <optional>

#include "model/registration.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class LastLeader {
 public:
  explicit LastLeader(const ClusterScope& scope);

  // Nothing: nobody did, it is not known yet, or the record cannot be decoded.
  [[nodiscard]] const std::optional<LeaderRecord>& record() const { return record_; }

 private:
  std::optional<LeaderRecord> record_;
  zk::NodeWatcher watcher_;
};

}  // namespace zkcluster
