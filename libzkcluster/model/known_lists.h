// KnownLists: the last few lists of shards that a reader of the board has seen. A board that was
// written for an older list can be carried over (CarryOver) only by a reader that knows that list.
// Each participant of the checker keeps one, and each StatusWatcher. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace zkcluster {

class KnownLists {
 public:
  explicit KnownLists(std::size_t kept = 8) : kept_(kept) {}

  // `shards_zxid`: see SpecId. A list that is known already stays as it is.
  void Add(std::int64_t shards_zxid, std::vector<ShardSpec> shards);
  // Nothing: unknown. Valid until the next Add.
  [[nodiscard]] const std::vector<ShardSpec>* Find(std::int64_t shards_zxid) const;

 private:
  std::size_t kept_;
  std::vector<std::pair<std::int64_t, std::vector<ShardSpec>>> lists_;  // the oldest first
};

}  // namespace zkcluster
