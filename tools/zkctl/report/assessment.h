// What follows from a snapshot of a cluster: the leader, the electorate, which ballots count or why
// not, the tally of every shard, what a leader would decide now, and what keeps it from deciding.
// The rules are the leader's, applied by the same functions. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/snapshot.h"
#include "checker/rules/conclusion.h"

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
  std::optional<std::string> leader;  // the checker that has taken over and is still registered
  std::int64_t epoch = 0;
  Electorate electorate;
  std::vector<std::string> missing;   // ids of the electorate whose ballot does not count now
  std::vector<CheckerView> checkers;  // sorted by id
  std::vector<ServerTally> tallies;   // of each shard
  std::size_t counted = 0;            // ballots
  Safeguards safeguards;              // in force
  Hold hold = Hold::kNone;
  std::optional<Pause> pause;                      // in force now: see OrdersNow
  std::map<std::string, Maintenance> maintenance;  // likewise, by name of the shard
  Freeze freeze;                   // as the last leader left it, or an operator since
  Decision next;                   // what a leader would decide by this snapshot, without penalties
  std::size_t dead = 0;            // shards whose status is dead
  std::vector<std::string> notes;  // sentences about what is wrong
};

// The result points into `snapshot`, which must outlive it.
[[nodiscard]] Assessment Assess(const Snapshot& snapshot);

// The time by which orders are judged: ZooKeeper's. Who only reads does not know it, and our own
// clock may be hours off. But a leader removes an order as soon as it is over, so while there is a
// leader every order in the ledger is in force that is not over by the newest stamp.
[[nodiscard]] Micros OrdersNow(const Snapshot& snapshot);

// The electorate as a leader would compute it, without the id `forgotten`.
[[nodiscard]] Electorate FindElectorate(const Snapshot& snapshot, std::string_view forgotten = {});

// "5 of 6 shards would be dead, more than the 3 that max_dead_fraction 0.5 allows"
[[nodiscard]] std::string FreezeSentence(const Snapshot& snapshot, const Assessment& assessment);
// "until 2026-11-21T03:17:34.120Z by ann@ops1: switch replaced"
[[nodiscard]] std::string PauseSentence(const Pause& pause);
[[nodiscard]] std::string MaintenanceSentence(const Maintenance& order);
// "the ballot of junk has no session: it is a ghost, ... (/goreclusters/a/quorum/votes/junk)"
[[nodiscard]] std::string GhostSentence(const Snapshot::Ghost& ghost);
// The first ten names, and the number of the others.
[[nodiscard]] std::string ShortList(const std::vector<std::string>& names);

}  // namespace zkcluster::zkctl
