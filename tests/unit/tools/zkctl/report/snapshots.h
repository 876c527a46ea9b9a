// Snapshots for the tests of zkctl's reports, and shorthands. Pure.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/join.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/explain.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/status.h"

namespace zkcluster::zkctl {

inline constexpr Micros kNow{1'795'000'100'000'000};
inline constexpr Micros kFlip{1'795'000'000'000'000};  // 100 s before

inline constexpr Terminal kPlain{};
inline constexpr Terminal kColored{true, 100};

inline Ballot MakeBallot(std::vector<Vote> votes) {
  Ballot ballot;
  ballot.spec = {7, 70};
  ballot.writes = 3;
  ballot.votes = std::move(votes);
  return ballot;
}

inline constexpr Vote kAliveVote{Opinion::kAlive, Reason::kNone};
inline constexpr Vote kTimeoutVote{Opinion::kDead, Reason::kTimeout};

inline Snapshot::Candidate MakeCandidate(const std::string& id, std::int32_t sequence) {
  Snapshot::Candidate candidate;
  candidate.name = {id, std::string(32, 'a'), sequence};
  candidate.node = id + "-guid-" + std::to_string(sequence);
  candidate.registration = {id, "host-" + id, "r-" + id, 100 + sequence, "0.1.0", kFlip};
  return candidate;
}

inline Snapshot::CastBallot MakeVoter(const std::string& id, Ballot ballot) {
  Snapshot::CastBallot voter;
  voter.id = id;
  voter.ballot = std::move(ballot);
  voter.written = kFlip;
  return voter;
}

// Three checkers, two shards; s2 is dead by three timeouts; c1 leads.
inline Snapshot Healthy() {
  Snapshot snapshot;
  snapshot.taken = kNow;
  snapshot.spec.spec.name = "sessions";
  snapshot.spec.spec.version = 7;
  snapshot.spec.spec.shards = {{"s1", "10.0.0.1:6379"}, {"s2", "10.0.0.2:6379"}};
  snapshot.spec.id = {7, 70};
  for (int i = 1; i <= 3; ++i) {
    const std::string id = "c" + std::to_string(i);
    snapshot.candidates.push_back(MakeCandidate(id, i));
    snapshot.voters.push_back(MakeVoter(id, MakeBallot({kAliveVote, kTimeoutVote})));
  }
  snapshot.leader = LeaderRecord{"c1", 41, kFlip};
  snapshot.head = Head{};
  snapshot.board_is_current = true;
  snapshot.board.shards = {{ShardStatus::kAlive, kFlip, Reason::kNone, {3, 0, 0}},
                           {ShardStatus::kDead, kFlip, Reason::kTimeout, {0, 3, 0}}};
  snapshot.ledger = Ledger{{"c1", "c2", "c3"}, {}};
  return snapshot;
}

inline std::string Notes(const Snapshot& snapshot) {
  return Join(Assess(snapshot).notes, " | ");
}

inline std::string Sentences(const Snapshot& snapshot, std::size_t shard) {
  return Join(ExplainShard(snapshot, Assess(snapshot), shard, kNow), " | ");
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace zkcluster::zkctl
