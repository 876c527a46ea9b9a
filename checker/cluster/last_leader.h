// The checker that took over one cluster last, read from the `leader` znode. That is
// written once per epoch, so following it costs one read per take-over. Owned by a
// Participant. Loop-bound conductor.
#pragma once

#include <optional>

#include "model/registration.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class LastLeader {
 public:
  explicit LastLeader(const ClusterScope& scope);

  // Nothing: no take-over yet, not read yet, or the record cannot be decoded.
  [[nodiscard]] const std::optional<LeaderRecord>& record() const { return record_; }

 private:
  std::optional<LeaderRecord> record_;
  zk::NodeWatcher watcher_;
};

}  // namespace zkcluster
