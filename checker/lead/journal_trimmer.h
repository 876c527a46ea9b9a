// Keeps the journal of a cluster short: lists it now and then and removes the oldest
// entries above kJournalLength. A failed removal is repeated the next time. Owned by the
// Leader. Loop-bound conductor.
#pragma once

#include <cstddef>

#include "base/lifetime.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

class JournalTrimmer {
 public:
  static constexpr std::size_t kJournalLength = 1000;
  static constexpr int kCommitsBetweenTrims = 50;

  explicit JournalTrimmer(const ClusterScope& scope);  // trims at once
  void Committed();                                    // entries were added

 private:
  void Trim();

  const ClusterScope scope_;
  int commits_ = 0;  // since the last trim
  Lifetime lifetime_;
};

}  // namespace zkcluster
