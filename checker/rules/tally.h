// Counts the ballots of one cluster, server by server, against the quorum, and determines which
// server's count decides the status of each shard. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/ballot.h"
#include "model/board.h"

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
// `at_least`: the smallest size, even if `learned` has fewer ids (because the ledger was lost).
// `present`: ballots that will be counted. More of them than the spec's `checkers` make the
// electorate larger; otherwise two of five could decide because the spec has three.
[[nodiscard]] Electorate MakeElectorate(const ClusterSpec& spec, std::set<std::string> learned,
                                        int at_least = 0, int present = 0);

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

// Keyed by the voter's id. A ballot for another list of shards, or with a length other than that of
// the list of servers, counts as silence.
using Ballots = std::map<std::string, Ballot>;

// `undecided`: the servers of shards that never had a status. There a first failure is a verdict
// (Vote::first); empty: all have one.
[[nodiscard]] std::vector<ServerTally> CountVotes(const Ballots& ballots,
                                                  const Electorate& electorate, SpecId spec,
                                                  std::size_t servers,
                                                  const std::vector<bool>& undecided = {});

// The input of Decide: for each shard the tally of the server that serves it, which is its only
// member. `servers` are the tallies of ServersOf(shards), in that order.
[[nodiscard]] std::vector<ServerTally> ServingTallies(const std::vector<ShardSpec>& shards,
                                                      std::vector<ServerTally> servers);

}  // namespace zkcluster
