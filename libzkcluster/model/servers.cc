#include "model/servers.h"

#include "base/check.h"

namespace zkcluster {

std::size_t ServerCount(const std::vector<ShardSpec>& shards) {
  std::size_t count = 0;
  for (const ShardSpec& shard : shards) count += MemberCount(shard);
  return count;
}

std::vector<ServerRef> ServersOf(const std::vector<ShardSpec>& shards) {
  std::vector<ServerRef> servers;
  servers.reserve(ServerCount(shards));
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    for (std::size_t member = 0; member < MemberCount(shards[shard]); ++member) {
      servers.push_back({shard, member});
    }
  }
  return servers;
}

const std::string& AddrOf(const std::vector<ShardSpec>& shards, ServerRef server) {
  ZKC_CHECK(server.shard < shards.size() && server.member < MemberCount(shards[server.shard]));
  return shards[server.shard].addr;
}

}  // namespace zkcluster
