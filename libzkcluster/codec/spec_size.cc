#include "codec/spec_size.h"

#include "codec/codec.h"

namespace zkcluster {
namespace {

// A cheap upper bound of EncodeShards' size: a byte becomes six at most (\u003c),
// and the rest of a row is {"Name":"","Addr":"","Weight":-2147483648}, at most.
std::size_t MostShardsBytes(const std::vector<ShardSpec>& shards) {
  std::size_t bytes = 2;
  for (const ShardSpec& shard : shards) bytes += 44 + 6 * (shard.name.size() + shard.addr.size());
  return bytes;
}

}  // namespace

std::optional<std::size_t> ShardsBytesFrom(std::size_t least,
                                           const std::vector<ShardSpec>& shards) {
  if (MostShardsBytes(shards) < least) return std::nullopt;
  const std::size_t bytes = EncodeShards(shards).size();
  return bytes >= least ? std::optional(bytes) : std::nullopt;
}

std::optional<std::size_t> BytesNearLimit(const ClusterSpec& spec) {
  return ShardsBytesFrom(kNearShardsBytes, spec.shards);
}

}  // namespace zkcluster
