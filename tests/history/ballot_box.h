// The ballots that one commit may have counted, and what they add up to: a second, dumb
// implementation of the count. A commit that checks the ballots' znodes counted exactly those. One
// that left the checks out counted, of every voter, some ballot that stood within the look-back;
// then a shard's votes are known only up to a range. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/ballot.h"
#include "model/board.h"
#include "model/ledger.h"

namespace zkcluster::history {

struct Range {
  int least = 0;
  int most = 0;
  [[nodiscard]] bool Holds(int number) const { return least <= number && number <= most; }
};

struct PossibleBallots {
  std::string id;
  // What may have been read of it, each a possibility; null: no ballot, or an undecodable one.
  std::vector<std::shared_ptr<const Ballot>> possible;
};

class BallotBox {
 public:
  // `ledger`: as it stands with the commit. The three outlive the box.
  BallotBox(std::vector<PossibleBallots> voters, const ClusterSpec& spec, SpecId id,
            const Ledger& ledger);

  // Ids that could vote, and votes needed.
  [[nodiscard]] Range electorate() const { return electorate_; }
  [[nodiscard]] Range quorum() const { return quorum_; }
  // Ballots on this spec.
  [[nodiscard]] Range present() const { return present_; }
  // Of voters with such a ballot, those that the ledger does not know.
  [[nodiscard]] const std::vector<std::string>& strangers() const { return strangers_; }

  struct Count {
    Range alive;
    Range dead;
    Range unknown;
    int first = 0;             // of voters whose one possible ballot is a first failure
    Range racks;               // with a dead vote
    std::set<Reason> reasons;  // of possible dead votes
  };
  // `undecided`: the shard had no status, and first failures (Vote::first) count as dead.
  [[nodiscard]] Count CountOf(std::size_t shard, bool undecided = false) const;
  // Whether this count may flip the shard to `status`.
  [[nodiscard]] bool Covers(const Count& count, ShardStatus status) const;

 private:
  [[nodiscard]] bool OnThisSpec(const Ballot* ballot) const {
    return ballot != nullptr && ballot->spec == id_;
  }

  std::vector<PossibleBallots> voters_;  // of the electorate
  const ClusterSpec& spec_;
  const SpecId id_;
  Range present_;
  Range electorate_;
  Range quorum_;
  std::vector<std::string> strangers_;
};

[[nodiscard]] std::string Describe(const BallotBox::Count& count);

}  // namespace zkcluster::history
