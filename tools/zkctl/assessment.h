// What a snapshot of a cluster amounts to: who leads, who may vote, which ballots count and which
// not and why, the count of every shard, and what keeps the cluster from deciding. The same rules
// as the leader's, applied by the same functions. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/quorum/guard.h"
#include "checker/quorum/tally.h"
#include "client/snapshot.h"

namespace zkcluster::zkctl {

enum class BallotState {
  kCounted,
  kNone,  // this checker has published no ballot
  kUndecodable,
  kOtherList,  // it is of another version of the list of shards
};
[[nodiscard]] std::string_view BallotStateName(BallotState state);  // "counted", "none", ...

// One checker that is registered, votes, or belongs to the electorate.
struct CheckerView {
  std::string id;
  const Snapshot::Candidate* candidate = nullptr;  // null: not registered now
  const Snapshot::Voter* voter = nullptr;          // null: no ballot
  BallotState state = BallotState::kNone;
  bool leads = false;
};

struct Assessment {
  std::optional<std::string> leader;  // who has taken over and is still registered
  std::int64_t epoch = 0;
  Electorate electorate;
  std::vector<std::string> missing;   // ids of the electorate whose ballot does not count now
  std::vector<CheckerView> checkers;  // sorted by id
  std::vector<ShardTally> tallies;    // of each shard
  std::size_t counted = 0;            // ballots
  Hold hold = Hold::kNone;
  std::vector<std::string> notes;  // sentences about what is not as it should be
};

// The result points into `snapshot`, which must outlive it.
[[nodiscard]] Assessment Assess(const Snapshot& snapshot);

}  // namespace zkcluster::zkctl
