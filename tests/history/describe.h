// One readable line for a transaction, its payloads decoded: the history of a failing seed, told
// for people. Pure.
#pragma once

#include <zkcluster/time.h>
#include <string>

#include "tests/fakes/znode_tree.h"

namespace zkcluster::history {

// "zxid 0x1a3 +12.345 s c c2: commit epoch 3 seq 17 quorum 2 of 3: s2 alive->dead (0/3/0) refused
// [checks: candidate, leader, spec x3, votes c1 c2 c3]": the cluster, who, what. The seconds are
// those since `origin`. Who is the checker's id where the operations tell it, else the session.
[[nodiscard]] std::string DescribeTransaction(const sim::Transaction& transaction,
                                              TimePoint origin = {});

}  // namespace zkcluster::history
