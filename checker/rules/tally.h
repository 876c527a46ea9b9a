// Counts the ballots of one cluster, server by server, against the quorum, and determines which
// server's count decides the status of each shard. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "checker/rules/conclusion.h"
#include "model/ballot.h"

namespace zkcluster {

// `at_least`: the smallest size, even if `learned` has fewer ids (because the ledger was lost).
// `present`: ballots that will be counted. More of them than the spec's `checkers` make the
// electorate larger; otherwise two of five could decide because the spec has three.
[[nodiscard]] Electorate MakeElectorate(const ClusterSpec& spec, std::set<std::string> learned,
                                        int at_least = 0, int present = 0);

// A ballot for another list of shards, or with a length other than that of the list of servers,
// counts as silence. `undecided`: the servers of shards that never had a status. There a first
// failure is a verdict (Vote::first); empty: all have one.
[[nodiscard]] std::vector<ServerTally> CountVotes(const Ballots& ballots,
                                                  const Electorate& electorate, SpecId spec,
                                                  std::size_t servers,
                                                  const std::vector<bool>& undecided = {});

// The input of Decide: for each shard the tally of the server that serves it, which is its only
// member. `servers` are the tallies of ServersOf(shards), in that order.
[[nodiscard]] std::vector<ServerTally> ServingTallies(const std::vector<ShardSpec>& shards,
                                                      std::vector<ServerTally> servers);

}  // namespace zkcluster
