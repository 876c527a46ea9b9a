// SpecId: which spec, and so which list of shards, a ballot or a status is about. Pure.
#pragma once

#include <cstdint>

namespace zkcluster {

// The zxid of the `shards` znode's last change is unique where the version is not: a Go manager
// writes the list and the version one after the other.
struct SpecId {
  std::uint64_t version = 0;  // ClusterSpec::version
  std::int64_t shards_zxid = 0;
  bool operator==(const SpecId&) const = default;
};

}  // namespace zkcluster
