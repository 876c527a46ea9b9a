#include "checker/rules/tally.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "model/servers.h"

namespace zkcluster {

Electorate MakeElectorate(const ClusterSpec& spec, std::set<std::string> learned, int at_least,
                          int present) {
  Electorate electorate;
  electorate.size = spec.checkers.value_or(std::max(static_cast<int>(learned.size()), at_least));
  electorate.size = std::max(electorate.size, present);
  electorate.quorum = spec.quorum.value_or(electorate.size / 2 + 1);
  electorate.min_racks = spec.min_racks.value_or(1);
  electorate.ids = std::move(learned);
  return electorate;
}

bool Counts(const Ballot& ballot, SpecId spec, std::size_t servers) {
  return ballot.spec == spec && ballot.votes.size() == servers;
}

namespace {

// The first result is not a verdict where there is a status: a restart of all checkers during a short
// silence would be a death.
Opinion CountedOpinion(const Vote& vote, bool undecided) {
  return vote.first && undecided ? Opinion::kDead : vote.opinion;
}

void Add(ServerTally& tally, const Vote& vote, bool undecided) {
  switch (CountedOpinion(vote, undecided)) {
    case Opinion::kNotProbed:
      return;  // silence is not a vote
    case Opinion::kAlive:
      ++tally.counts.alive;
      return;
    case Opinion::kUnknown:
      ++tally.counts.unknown;
      tally.first += vote.first ? 1 : 0;
      return;
    case Opinion::kDead:
      tally.reason =
          tally.counts.dead == 0 || tally.reason == vote.reason ? vote.reason : Reason::kMixed;
      ++tally.counts.dead;
      return;
  }
}

Outcome Judge(const ServerTally& tally, const Electorate& electorate) {
  const bool alive = tally.counts.alive >= electorate.quorum;
  const bool dead =
      tally.counts.dead >= electorate.quorum && tally.dead_racks >= electorate.min_racks;
  // With a quorum below a majority both may reach it; a tie changes nothing.
  if (alive == dead) return Outcome::kNoQuorum;
  return alive ? Outcome::kAlive : Outcome::kDead;
}

}  // namespace

std::vector<ServerTally> CountVotes(const Ballots& ballots, const Electorate& electorate,
                                    SpecId spec, std::size_t servers, const CountOptions& options) {
  const std::vector<bool>& undecided = options.undecided;
  ZKC_CHECK(undecided.empty() || undecided.size() == servers);
  std::vector<ServerTally> tallies(servers);
  // Rack by rack, so that each rack is counted once per server.
  std::map<std::string_view, std::vector<const Ballot*>> racks;
  for (const auto& [id, ballot] : ballots) {
    if (!electorate.ids.contains(id) || !Counts(ballot, spec, servers)) continue;
    if (options.left_out.contains(id)) continue;
    racks[ballot.rack].push_back(&ballot);
  }
  for (const auto& [rack, members] : racks) {
    for (std::size_t i = 0; i < servers; ++i) {
      const int before = tallies[i].counts.dead;
      const bool first_counts = !undecided.empty() && undecided[i];
      for (const Ballot* ballot : members) Add(tallies[i], ballot->votes[i], first_counts);
      tallies[i].dead_racks += tallies[i].counts.dead > before ? 1 : 0;
    }
  }
  for (auto& tally : tallies) {
    tally.outcome = Judge(tally, electorate);
    const VoteCounts& counts = tally.counts;
    tally.too_few = counts.alive + counts.dead + counts.unknown - tally.first < electorate.quorum;
  }
  return tallies;
}

std::vector<ServerTally> ServingTallies(const std::vector<ShardSpec>& shards,
                                        std::vector<ServerTally> servers) {
  ZKC_CHECK(servers.size() == ServerCount(shards));
  std::size_t first = 0;  // of the shard's members
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    servers[shard] = servers[first];
    first += MemberCount(shards[shard]);
  }
  servers.resize(shards.size());
  return servers;
}

}  // namespace zkcluster
