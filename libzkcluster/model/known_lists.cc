#include "model/known_lists.h"

namespace zkcluster {

void KnownLists::Add(std::int64_t shards_zxid, std::vector<ShardSpec> shards) {
  if (Find(shards_zxid) != nullptr) return;
  if (lists_.size() == kept_) lists_.erase(lists_.begin());
  lists_.emplace_back(shards_zxid, std::move(shards));
}

const std::vector<ShardSpec>* KnownLists::Find(std::int64_t shards_zxid) const {
  for (const auto& [zxid, shards] : lists_) {
    if (zxid == shards_zxid) return &shards;
  }
  return nullptr;
}

}  // namespace zkcluster
