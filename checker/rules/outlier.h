// Compares each ballot with all others. One checker that alone calls many living servers dead, or
// cannot tell, is more likely blind than right: its network is cut, its password is refused, its
// clock has stopped. This is the one definition; zkctl names such a checker, and a spec with
// `outlier_votes: ignore` has the leader count without its ballot. Pure.
//
//   alone: at least two other ballots call the server alive, and none calls it dead; this one says
//          dead or unknown. Or the reverse: the others call it dead, and this one says alive
//   blind: alone, by dead or unknown votes, on at least two servers, and on a tenth or more of the
//          servers that the others call alive
//   stale: alone, by votes for alive, on at least two servers, and on a tenth or more of the servers
//          that the others call dead
//
// Two checkers that are blind at once are alone nowhere: with them, the others do not agree.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "checker/rules/conclusion.h"
#include "model/ballot.h"

namespace zkcluster {

struct BallotProfile {
  OpinionCounts votes;            // all of the ballot
  OpinionCounts alone;            // those that contradict all others
  Reason reason = Reason::kNone;  // of the votes for dead that are alone; kMixed if they differ
  std::size_t called_alive = 0;   // servers that the others call alive
  std::size_t called_dead = 0;    // servers that the others call dead

  [[nodiscard]] bool blind() const;
  [[nodiscard]] bool stale() const;
  // Votes on servers that the others call alive.
  [[nodiscard]] std::size_t alone_against_life() const {
    return alone[Opinion::kDead] + alone[Opinion::kUnknown];
  }
  bool operator==(const BallotProfile&) const = default;
};

// Of every ballot that counts, by the voter's id.
[[nodiscard]] std::map<std::string, BallotProfile> CompareBallots(const Ballots& ballots,
                                                                  const Electorate& electorate,
                                                                  SpecId spec, std::size_t servers);

// The blind ones. A count without them has the quorum of a count with them: they stay in the
// electorate, so that fewer votes never decide.
[[nodiscard]] std::set<std::string> FindOutliers(const Ballots& ballots,
                                                 const Electorate& electorate, SpecId spec,
                                                 std::size_t servers);

}  // namespace zkcluster
