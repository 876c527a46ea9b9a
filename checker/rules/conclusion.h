// What a round of a leader concludes: who may vote, what the ballots say of each server, what is
// decided. These are only the values, for logs, reports, metrics and commits; MakeElectorate and
// CountVotes (tally.h), Decide (decide.h) and Conclude (round.h) compute them. They are apart
// because much more of the program shows a conclusion than computes one, and it is not compiled
// again when a rule changes. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "checker/rules/change.h"
#include "checker/rules/hold.h"
#include "model/ballot.h"
#include "model/board.h"
#include "model/ledger.h"

namespace zkcluster {

// Who may vote and how many must agree. The quorum is relative to the electorate, never to the
// checkers that happen to be present.
struct Electorate {
  std::set<std::string> ids;  // learned
  int size = 0;               // the spec's `checkers` when given, else ids.size()
  int quorum = 1;             // the spec's when given, else size / 2 + 1
  int min_racks = 1;          // a death needs dead votes from this many
  bool operator==(const Electorate&) const = default;
};

enum class Outcome : unsigned char {
  kAlive,
  kDead,
  // Neither reached the quorum (or, for dead, the racks),
  // or both did, with a quorum below a majority.
  kNoQuorum,
};
constexpr Outcome LastOf(Outcome) {
  return Outcome::kNoQuorum;
}

struct ServerTally {
  Outcome outcome = Outcome::kNoQuorum;
  VoteCounts counts;
  Reason reason = Reason::kNone;  // of the dead votes if all agree, else kMixed
  int dead_racks = 0;             // racks with a dead vote; checkers without one share one rack
  int first = 0;                  // of those for unknown, first failures: soon dead, or alive
  // Fewer votes than the quorum, even with those for unknown. First failures are none yet: a freeze
  // must not end because all checkers have just started.
  bool too_few = false;
  bool operator==(const ServerTally&) const = default;
};

struct Decision {
  StatusBoard board;
  Ledger ledger;  // penalties, freeze, pause and maintenance moved; the electorate is unchanged
  std::vector<Change> changes;          // in the order of the journal; flips last, in spec order
  std::size_t without_quorum = 0;       // shards without a quorum
  std::size_t would_be_dead = 0;        // if nothing were held back
  std::size_t redated = 0;              // shards, by an operator's order
  std::size_t held_deaths = 0;          // flips to dead that a freeze holds back
  std::vector<std::string> maintained;  // shards whose flip maintenance holds back, in spec order
};

struct Round {
  enum class Step : unsigned char {
    kWait,    // a hold under which votes are not even counted
    kYield,   // likewise, and Go checkers decide: remove our head, so that all follow their status
    kReload,  // Go checkers wrote the status meanwhile: read it again, then conclude again
    kRefuse,  // too few votes to decide rows that nobody can read
    // Rows that nobody can read stay as they are while all flips are held. The ledger is written
    // again where nobody can read it either.
    kKeep,
    kCommit,  // write what differs from what is there, if anything does
  };
  Step step = Step::kWait;
  Hold hold = Hold::kNone;
  Safeguards safeguards;  // in force: the spec's, or what it has lost
  Electorate electorate;
  std::vector<std::string> learned;  // ids new to the electorate
  std::set<std::string> voters;      // voters whose ballot is for this spec
  // Of these, the ones that are not counted: the spec says `outlier_votes: ignore`, and they
  // contradict all others (see outlier.h). The commit checks their ballots too.
  std::set<std::string> left_out;
  std::vector<ServerTally> tallies;
  // Whether the commit checks the ballots' versions. Not after two refusals in a row: the ballots
  // change too often, and progress matters more than serialisable reads.
  bool checks_votes = true;
  Decision decision;  // the counts, and with kCommit what to write
};

}  // namespace zkcluster
