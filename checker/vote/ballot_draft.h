// The ballot that ZooKeeper should have: this checker's votes on one list of servers. Knows whether
// it may be published: when every server was probed once, or the patience has ended. Silence is not
// a vote. A Voter owns one and writes it. Pure.
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
    kFirstOpinion,  // on a new server, and others are still missing
    kOther,
  };

  explicit BallotDraft(std::string rack) { ballot_.rack = std::move(rack); }

  void SetList(SpecId spec, std::vector<Vote> votes);
  Change SetVote(std::size_t server, Vote vote);  // REQUIRES: within the list
  // For people only; {0, 0}: it is on no way back. False: nothing has changed.
  bool SetReturning(std::size_t server, int required, int good);
  // Lets it be published although opinions are missing, now and later.
  void Release() { released_ = true; }

  [[nodiscard]] bool complete() const { return opinions_[Opinion::kNotProbed] == 0; }
  [[nodiscard]] const OpinionCounts& opinions() const { return opinions_; }
  [[nodiscard]] bool released() const { return released_; }
  [[nodiscard]] const Ballot& ballot() const { return ballot_; }

  // A write begins: counts it in the ballot, and returns how many votes changed since the last.
  std::size_t BeginWrite();

 private:
  Ballot ballot_;
  OpinionCounts opinions_;   // of the ballot's votes
  std::size_t changes_ = 0;  // of votes, since the last write began
  bool released_ = false;
};

}  // namespace zkcluster
