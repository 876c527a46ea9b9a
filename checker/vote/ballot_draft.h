// The ballot as it should read in ZooKeeper: the votes of this checker on one list of shards. Knows
// whether every shard was probed once, or a patience has ended, so that it may go out: silence is
// not a vote. A Voter owns one and writes it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/ballot.h"

namespace zkcluster {

class BallotDraft {
 public:
  enum class Change {
    kNone,          // the vote is the same as before
    kFirstOpinion,  // on a shard that was not probed before, and others are still missing
    kOther,
  };

  explicit BallotDraft(std::string rack) { ballot_.rack = std::move(rack); }

  void SetList(SpecId spec, std::vector<Vote> votes);
  Change SetVote(std::size_t shard, Vote vote);  // REQUIRES: within the list
  // It may go out although opinions are missing, now and later.
  void Release() { released_ = true; }

  [[nodiscard]] bool complete() const { return not_probed_ == 0; }
  [[nodiscard]] bool released() const { return released_; }
  [[nodiscard]] const Ballot& ballot() const { return ballot_; }

  // A write begins: counts it in the ballot, and returns how many votes changed since the last.
  std::size_t BeginWrite();

 private:
  Ballot ballot_;
  std::size_t not_probed_ = 0;
  std::size_t changes_ = 0;  // of votes, since the last write began
  bool released_ = false;
};

}  // namespace zkcluster
