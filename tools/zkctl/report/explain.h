// Why a shard has its status: the votes, the tally, the quorum, and what follows from them, in
// plain sentences and as JSON. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "admin/snapshot.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

// The sentences, the most important first.
// REQUIRES: shard < number of shards; `assessment` is of `snapshot`.
[[nodiscard]] std::vector<std::string> ExplainShard(const Snapshot& snapshot,
                                                    const Assessment& assessment, std::size_t shard,
                                                    Micros now);
[[nodiscard]] std::string ExplainText(const Snapshot& snapshot, const Assessment& assessment,
                                      std::size_t shard, Micros now, const Terminal& to);
[[nodiscard]] OrderedJson ExplainJson(const Snapshot& snapshot, const Assessment& assessment,
                                      std::size_t shard, Micros now);

}  // namespace zkcluster::zkctl
