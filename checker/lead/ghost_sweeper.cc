#include "checker/lead/ghost_sweeper.h"

#include <algorithm>

#include "zk/errors.h"

namespace zkcluster {

GhostSweeper::GhostSweeper(const ClusterScope& scope, const Leadership& leadership)
    : scope_(scope), leadership_(leadership) {}

void GhostSweeper::Sweep(const std::vector<Ghost>& ghosts) {
  std::erase_if(refused_, [&](const std::string& path) {
    return std::none_of(ghosts.begin(), ghosts.end(),
                        [&](const Ghost& ghost) { return ghost.path == path; });
  });
  for (const Ghost& ghost : ghosts) {
    if (!under_way_.contains(ghost.path) && !refused_.contains(ghost.path)) Remove(ghost);
  }
}

void GhostSweeper::Remove(const Ghost& ghost) {
  under_way_.insert(ghost.path);
  std::vector<zk::Op> ops;
  ops.emplace_back(zk::CheckOp{leadership_.candidate, 0});
  ops.emplace_back(zk::CheckOp{scope_.paths.leader(), leadership_.token});
  if (ghost.signal) ops.emplace_back(*ghost.signal);
  ops.emplace_back(zk::DeleteOp{ghost.path, ghost.version});
  scope_.client.Multi(std::move(ops),
                      lifetime_.Guard([this, ghost](const zk::MultiResult& results) {
                        OnRemoved(ghost, results);
                      }));
}

void GhostSweeper::OnRemoved(const Ghost& ghost, const zk::MultiResult& results) {
  under_way_.erase(ghost.path);
  if (results) {
    return scope_.logger.Warn(
        "ghost.removed",
        {{"cluster", scope_.paths.name()}, {"kind", ghost.kind}, {"path", ghost.path}});
  }
  const Error& error = results.error();
  // It moved, or we lead no more: what has changed is read and brings the next Sweep.
  const bool moved = zk::IsGuardFailure(error) && error.code != ErrorCode::kNotEmpty;
  if (zk::IsTransient(error) || moved) return;
  refused_.insert(ghost.path);
  scope_.logger.Warn("ghost.stays", {{"cluster", scope_.paths.name()},
                                     {"kind", ghost.kind},
                                     {"path", ghost.path},
                                     {"error", error.message}});
}

}  // namespace zkcluster
