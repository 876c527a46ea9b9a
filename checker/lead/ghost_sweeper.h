// Removes ghosts: candidates, ballots and Go registrations that no session owns, which a restored
// backup has left. No rule counts them; they are removed so that they mislead nobody, once each,
// with a line in the log. Each removal is one multi that checks that this checker still leads, that
// no ballot (or Go checker) has begun in the place of the ghost, and the version that was found: a
// znode of a living process is never removed. Owned by the Leader. Loop-bound conductor.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/lifetime.h"
#include "checker/election/contender.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

struct Ghost {
  std::string_view kind;  // "candidate", "ballot", "go_checker"
  std::string path;
  zk::Version version = 0;
  // The parent whose version moves when a znode of this kind begins, as it was before the ghost was
  // found. Nothing: names of this kind are never used twice.
  std::optional<zk::CheckOp> signal;
};

class GhostSweeper {
 public:
  GhostSweeper(const ClusterScope& scope, const Leadership& leadership);

  // Call it with all ghosts, each time they change. After a conflict the next call tries again.
  void Sweep(const std::vector<Ghost>& ghosts);

 private:
  void Remove(const Ghost& ghost);
  void OnRemoved(const Ghost& ghost, const zk::MultiResult& results);

  const ClusterScope scope_;
  const Leadership& leadership_;
  std::set<std::string> under_way_;  // paths
  std::set<std::string> refused_;    // paths: ZooKeeper refuses for good, and that was logged
  Lifetime lifetime_;
};

}  // namespace zkcluster
