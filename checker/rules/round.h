// One round of a leader: from everything that it has read to everything that it concludes. What
// keeps the leader from deciding, who may vote, what was learned, what flips and why: all is
// concluded here and nowhere else. The leader calls Conclude and commits; zkctl calls it on what it
// has read, so its report agrees with the leader's decision. Pure.
//
//   hold go_checkers, and our head is still there  --> kYield
//   hold go_checkers, newer_spec or behind_status  --> kWait
//   else the last Go checker has just left  ---------> kReload
//   else rows lost that no mirror has, and
//     fewer ballots than the quorum, or one of these
//     rows waits for first failures to be verdicts  --> kRefuse
//     or a pause  -----------------------------------> kKeep
//   else  -------------------------------------------> kCommit
#pragma once

#include <zkcluster/spec.h>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker/rules/carried_board.h"
#include "checker/rules/conclusion.h"
#include "checker/rules/hold.h"
#include "model/ballot.h"
#include "model/board.h"
#include "model/ledger.h"

namespace zkcluster {

struct RoundInput {
  // The spec in force.
  const ClusterSpec& spec;
  SpecId spec_id;
  // False: its znodes have changed since, and it is the last good one.
  bool spec_is_current = true;
  bool spec_is_newer = false;       // the spec in its znodes is made for a newer zkcluster
  bool spec_from_one_write = true;  // of StoredSpec
  Duration interval{};              // of probes; 0: not known, and penalties are not computed
  Duration threshold{};
  Duration refused_threshold{};
  // The status and the orders, as they were read.
  const std::optional<Head>& head;  // nothing: absent or undecodable
  bool has_head = false;            // its znode exists, readable or not
  const CarriedBoard& board;        // for the spec's list
  const Ledger& ledger;
  // The checkers.
  const Ballots& ballots;                     // all that can be decoded
  const std::set<std::string>& candidates;    // ids of the registered checkers
  const std::vector<std::string>& go_voters;  // names of the znodes below `localstatus`
  Micros wall{0};                             // ZooKeeper's wall clock
  // Of the rounds before.
  Hold last_hold = Hold::kNone;
  int vote_refusals = 0;  // commits refused in a row because a vote had changed
};

[[nodiscard]] Round Conclude(const RoundInput& input);

// The part of Conclude that decides who may vote and how many must agree.
[[nodiscard]] Electorate FindElectorate(const RoundInput& input);

}  // namespace zkcluster
