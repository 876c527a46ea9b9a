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
#include "checker/rules/dispute.h"
#include "checker/rules/outlier.h"

namespace zkcluster::zkctl {

enum class BallotState {
  kCounted,
  kNone,  // this checker has published no ballot
  kUndecodable,
  kOtherList,  // it is of another version of the list of shards
  kLeftOut,    // it contradicts all others, and the spec says `outlier_votes: ignore`
};
[[nodiscard]] std::string_view BallotStateName(BallotState state);  // "counted", "none", ...

// One checker that is registered, votes, or belongs to the electorate.
struct CheckerView {
  std::string id;
  const Snapshot::Candidate* candidate = nullptr;  // null: not registered now
  const Snapshot::CastBallot* voter = nullptr;     // null: no ballot
  BallotState state = BallotState::kNone;
  std::optional<BallotProfile> profile;  // its votes beside the others'; where it could count
  bool leads = false;
};

struct Assessment {
  std::optional<std::string> leader;  // the checker that has taken over and is still registered
  std::int64_t epoch = 0;
  Electorate electorate;
  std::vector<std::string> missing;   // ids of the electorate whose ballot does not count now
  std::vector<CheckerView> checkers;  // sorted by id
  std::vector<ServerTally> tallies;   // of each shard
  std::vector<Dispute> disputes;      // shards whose votes say otherwise than their status
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
// The best guess of the time now, for ages: nothing is written while nothing happens, so the newest
// stamp may be hours old.
[[nodiscard]] Micros AgesNow(const Snapshot& snapshot);

// The electorate as a leader would compute it, without the id `forgotten`.
[[nodiscard]] Electorate FindElectorate(const Snapshot& snapshot, std::string_view forgotten = {});

// "c2, c3 are gone; no valid ballot from c4". Empty: none is missing.
[[nodiscard]] std::string MissingText(const Assessment& assessment);
// "5 of 6 shards would be dead, more than the 3 that max_dead_fraction 0.5 allows"
[[nodiscard]] std::string FreezeSentence(const Snapshot& snapshot, const Assessment& assessment);
// `14h 02m ago by ann@ops1, no end: "switch replaced"`; with an end: `..., 20m 00s left: "..."`.
[[nodiscard]] std::string OrderSentence(const Pause& order, Micros now);
[[nodiscard]] std::string OrderSentence(const Maintenance& order, Micros now);
// "20m 00s left", or "no end".
[[nodiscard]] std::string LeftText(Micros until, Micros now);
// "for 30m 00s", or "no end".
[[nodiscard]] std::string LengthText(Micros since, Micros until);
// The flips that `obstacle` keeps back: "1 death: s2; 2 returns: s3, s4". Empty: none.
[[nodiscard]] std::string HeldBack(const Snapshot& snapshot, const Assessment& assessment,
                                   Obstacle obstacle);
// A dispute in words: what the votes say, for how long at least, why, and what keeps the status as
// it is. "looks dead 14s (refused); paused by ann@ops1".
[[nodiscard]] std::string DisputeSentence(const Snapshot& snapshot, const Assessment& assessment,
                                          const Dispute& dispute, Micros now);
// When the first of the ballots that say so was written: the votes may be older. 0: none does.
[[nodiscard]] Micros DisputedSince(const Assessment& assessment, const Dispute& dispute);
// For how long the ballots have been a quorum that the leader has not followed. 0: no longer than is
// usual for a decision.
[[nodiscard]] Micros OwedFor(const Snapshot& snapshot, const Assessment& assessment,
                             const Dispute& dispute, Micros now);
// "c1 has not flipped it for 4s: it may be gone, and c3 is next". REQUIRES: there is a leader.
[[nodiscard]] std::string OwedSentence(const Snapshot& snapshot, const Assessment& assessment,
                                       Micros owed);
// "c3 alone calls 37 of 40 shards dead (timeout)". Empty: the checker agrees with some other.
[[nodiscard]] std::string OutlierSentence(const Snapshot& snapshot, const CheckerView& checker);
// "c4 has stopped; its last votes count until its session ends". Empty where it is registered, or
// has no ballot.
[[nodiscard]] std::string LastVotesSentence(const CheckerView& checker);
// "the ballot of junk has no session: it is a ghost, ... (/goreclusters/a/quorum/votes/junk)"
[[nodiscard]] std::string GhostSentence(const Snapshot::Ghost& ghost);
// The first ten names, and the number of the others.
[[nodiscard]] std::string ShortList(const std::vector<std::string>& names);

}  // namespace zkcluster::zkctl
