// The ballots that one commit may have counted, and their sums: a second, deliberately simple
// implementation of the count. A commit that checks the ballots' znodes counted exactly those
// ballots. A commit without these checks counted one ballot of each voter that was current at some
// time within the look-back; then each sum is a range. Pure.
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
  // Every ballot that the leader may have read for this voter. Null: none, or an undecodable one.
  std::vector<std::shared_ptr<const Ballot>> possible;
};

class BallotBox {
 public:
  // `ledger`: with the commit applied. The three outlive the box.
  BallotBox(std::vector<PossibleBallots> voters, const ClusterSpec& spec, SpecId id,
            const Ledger& ledger);

  // How many ids may vote, and how many votes decide.
  [[nodiscard]] Range electorate() const { return electorate_; }
  [[nodiscard]] Range quorum() const { return quorum_; }
  // How many ballots are on this spec.
  [[nodiscard]] Range present() const { return present_; }
  // Voters with such a ballot that are not in the ledger.
  [[nodiscard]] const std::vector<std::string>& strangers() const { return strangers_; }

  struct Count {
    Range alive;
    Range dead;
    Range unknown;
    int first = 0;             // of voters whose one possible ballot is a first failure
    Range racks;               // racks with a dead vote
    std::set<Reason> reasons;  // the reasons of the possible dead votes
  };
  // `undecided`: the shard had no status, and first failures (Vote::first) count as dead.
  [[nodiscard]] Count CountOf(std::size_t shard, bool undecided = false) const;
  // Whether this count may flip the shard to `status`.
  [[nodiscard]] bool Covers(const Count& count, ShardStatus status) const;

 private:
  [[nodiscard]] bool OnThisSpec(const Ballot* ballot) const {
    return ballot != nullptr && ballot->spec == id_;
  }

  std::vector<PossibleBallots> voters_;  // those in the electorate
  const ClusterSpec& spec_;
  const SpecId id_;
  Range present_;
  Range electorate_;
  Range quorum_;
  std::vector<std::string> strangers_;
};

[[nodiscard]] std::string Describe(const BallotBox::Count& count);

}  // namespace zkcluster::history
