// `--wait`: how many registered checkers vote by a version of the spec, and whether the leader has
// decided by it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/snapshot.h"

namespace zkcluster::zkctl {

// How far a cluster's checkers have come.
struct TakeOver {
  std::vector<std::string> behind;  // registered, but their ballot is not yet by that version
  std::size_t checkers = 0;         // registered
  bool decided = false;             // the status is by that version
  [[nodiscard]] bool done() const { return checkers > 0 && behind.empty() && decided; }
};
[[nodiscard]] TakeOver FindTakeOver(const Snapshot& snapshot, std::uint64_t version);
// "2 of 3 checkers vote by version 7, not yet rack3; the leader has not decided by it yet"
[[nodiscard]] std::string TakeOverSentence(const TakeOver& progress, std::uint64_t version);

}  // namespace zkcluster::zkctl
