#include "model/board.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/check.h"

namespace zkcluster {

std::string_view ShardStatusName(ShardStatus status) {
  switch (status) {
    case ShardStatus::kUnknown:
      return "unknown";
    case ShardStatus::kAlive:
      return "alive";
    case ShardStatus::kDead:
      return "dead";
  }
  ZKC_CHECK(false);  // every status has a name
}

std::optional<ShardState> FindInMirror(const Mirror& mirror, const std::string& addr) {
  const auto entry = mirror.find(addr);
  if (entry == mirror.end()) return std::nullopt;
  return ShardState{entry->second.alive ? ShardStatus::kAlive : ShardStatus::kDead,
                    entry->second.since};
}

StatusBoard FromMirror(const Mirror& mirror, const std::vector<ShardSpec>& shards) {
  StatusBoard board;
  board.shards.reserve(shards.size());
  for (const ShardSpec& shard : shards) {
    board.shards.push_back(FindInMirror(mirror, shard.addr).value_or(ShardState{}));
  }
  return board;
}

StatusBoard CarryOver(const StatusBoard& old_board, const std::vector<ShardSpec>& old_shards,
                      const std::vector<ShardSpec>& new_shards) {
  std::unordered_map<std::string_view, std::size_t> old_index;
  // The board may be shorter than the list when its last chunk could not be read.
  const std::size_t known = std::min(old_shards.size(), old_board.shards.size());
  old_index.reserve(known);
  for (std::size_t i = 0; i < known; ++i) old_index.emplace(old_shards[i].name, i);

  StatusBoard board;
  board.shards.resize(new_shards.size());
  for (std::size_t i = 0; i < new_shards.size(); ++i) {
    const auto found = old_index.find(new_shards[i].name);
    if (found == old_index.end() || old_shards[found->second].addr != new_shards[i].addr) continue;
    board.shards[i] = old_board.shards[found->second];
  }
  return board;
}

}  // namespace zkcluster
