#include "checker/cluster/last_leader.h"

#include <utility>

#include "codec/codec.h"

namespace zkcluster {

LastLeader::LastLeader(const ClusterScope& scope)
    : watcher_(scope.loop, scope.client, scope.paths.leader(),
               [this](const std::optional<zk::Node>& node) {
                 record_.reset();
                 if (!node) return;
                 if (auto record = DecodeLeader(node->data)) record_ = *std::move(record);
               }) {}

}  // namespace zkcluster
