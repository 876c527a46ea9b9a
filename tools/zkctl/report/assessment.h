// What a snapshot of a cluster amounts to: who leads, who may vote, which ballots count and which
// not and why, the count of every shard, what a leader would decide now, and what keeps it from
// deciding. The same rules as the leader's, applied by the same functions. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/snapshot.h"
#include "checker/rules/round.h"

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
  const Snapshot::CastBallot* voter = nullptr;     // null: no ballot
  BallotState state = BallotState::kNone;
  bool leads = false;
};

struct Assessment {
  std::optional<std::string> leader;  // who has taken over and is still registered
  std::int64_t epoch = 0;
  Electorate electorate;
  std::vector<std::string> missing;   // ids of the electorate whose ballot does not count now
  std::vector<CheckerView> checkers;  // sorted by id
  std::vector<ServerTally> tallies;   // of each shard
  std::size_t counted = 0;            // ballots
  Hold hold = Hold::kNone;
  std::optional<Pause> pause;                      // that holds now, by the clock of who looks
  std::map<std::string, Maintenance> maintenance;  // likewise, by name of the shard
  Freeze freeze;                   // as the last leader left it, or an operator since
  Decision next;                   // what a leader that saw just this would decide; penalties aside
  std::size_t dead = 0;            // shards whose status is dead
  std::vector<std::string> notes;  // sentences about what is not as it should be
};

// The result points into `snapshot`, which must outlive it.
[[nodiscard]] Assessment Assess(const Snapshot& snapshot);

// The electorate, as a leader would reckon it; without `forgotten`, should that be told to forget.
[[nodiscard]] Electorate FindElectorate(const Snapshot& snapshot, std::string_view forgotten = {});

// "5 of 6 shards would be dead, more than the 3 that max_dead_fraction 0.5 allows"
[[nodiscard]] std::string FreezeSentence(const Snapshot& snapshot, const Assessment& assessment);
// "until 2026-11-21T03:17:34.120Z by ann@ops1: switch replaced"
[[nodiscard]] std::string PauseSentence(const Pause& pause);
[[nodiscard]] std::string MaintenanceSentence(const Maintenance& order);
// The first ten names, and how many more.
[[nodiscard]] std::string ShortList(const std::vector<std::string>& names);

}  // namespace zkcluster::zkctl
