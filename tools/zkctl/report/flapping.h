// Flapping shards in the words of reports: `explain`, a note of `status`, a finding of `doctor`, and
// the note of `list`. What flapping is, model/flapping.h defines. Pure.
#pragma once

#include <string>
#include <vector>

#include "admin/snapshot.h"
#include "model/ledger.h"

namespace zkcluster::zkctl {

// By the ledger, in the order of the spec. Where the spec has no threshold, the default one forgives: a
// snapshot has nothing of the checkers' own files.
[[nodiscard]] std::vector<std::string> FindFlapping(const Snapshot& snapshot);

// "died 7 times in 50s"
[[nodiscard]] std::string DeathsText(const Penalty& penalty);

// "it died 7 times in 50s: the next return needs 16 good probes in a row; c1 has 3, c2 has 0". Empty:
// the shard does not flap.
[[nodiscard]] std::string FlappingSentence(const Snapshot& snapshot, std::size_t shard);

}  // namespace zkcluster::zkctl
