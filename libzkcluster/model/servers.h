// The Redis servers of a cluster, in the one order that probes, ballots and tallies share: shard by
// shard as the spec lists them, and within a shard its members, `addr` first. Today a shard has one
// member, so a server's place is its shard's place. A status belongs to a shard, an opinion to a
// server. Used by checkers and zkctl. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <compare>
#include <cstddef>
#include <string>
#include <vector>

namespace zkcluster {

struct ServerRef {
  std::size_t shard = 0;   // place in ClusterSpec::shards
  std::size_t member = 0;  // place among the shard's members
  auto operator<=>(const ServerRef&) const = default;
};

[[nodiscard]] constexpr std::size_t MemberCount(const ShardSpec& /*shard*/) {
  return 1;
}
[[nodiscard]] std::size_t ServerCount(const std::vector<ShardSpec>& shards);
[[nodiscard]] std::vector<ServerRef> ServersOf(const std::vector<ShardSpec>& shards);
// REQUIRES: `server` is one of ServersOf(shards).
[[nodiscard]] const std::string& AddrOf(const std::vector<ShardSpec>& shards, ServerRef server);

}  // namespace zkcluster
