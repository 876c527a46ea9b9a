// Describes a transaction in one readable line, with its payloads decoded. The history of a failing
// seed consists of such lines. Pure.
#pragma once

#include <zkcluster/time.h>
#include <string>

#include "tests/fakes/znode_tree.h"

namespace zkcluster::history {

// "zxid 0x1a3 +12.345 s c c2: commit epoch 3 seq 17 quorum 2 of 3: s2 alive->dead (0/3/0) refused
// [checks: candidate, leader, spec x3, votes c1 c2 c3]": the cluster, the writer, the change. The
// seconds count from `origin`. The writer is the checker's id where the operations contain it,
// otherwise the session.
[[nodiscard]] std::string DescribeTransaction(const sim::Transaction& transaction,
                                              TimePoint origin = {});

}  // namespace zkcluster::history
