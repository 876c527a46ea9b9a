#include "checker/rules/tally.h"

#include <algorithm>
#include <string_view>

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

namespace {

bool Counts(const Ballot& ballot, SpecId spec, std::size_t shards) {
  return ballot.spec == spec && ballot.votes.size() == shards;
}

void Add(ServerTally& tally, const Vote& vote) {
  switch (vote.opinion) {
    case Opinion::kNotProbed:
      return;  // silence is not a vote
    case Opinion::kAlive:
      ++tally.counts.alive;
      return;
    case Opinion::kUnknown:
      ++tally.counts.unknown;
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
  // With a quorum below a majority both can hold; a tie stays.
  if (alive == dead) return Outcome::kNoQuorum;
  return alive ? Outcome::kAlive : Outcome::kDead;
}

}  // namespace

std::vector<ServerTally> CountVotes(const Ballots& ballots, const Electorate& electorate,
                                    SpecId spec, std::size_t shards) {
  std::vector<ServerTally> tallies(shards);
  // Rack by rack, so that a rack is counted once a shard.
  std::map<std::string_view, std::vector<const Ballot*>> racks;
  for (const auto& [id, ballot] : ballots) {
    if (!electorate.ids.contains(id) || !Counts(ballot, spec, shards)) continue;
    racks[ballot.rack].push_back(&ballot);
  }
  for (const auto& [rack, members] : racks) {
    for (std::size_t i = 0; i < shards; ++i) {
      const int before = tallies[i].counts.dead;
      for (const Ballot* ballot : members) Add(tallies[i], ballot->votes[i]);
      tallies[i].dead_racks += tallies[i].counts.dead > before ? 1 : 0;
    }
  }
  for (auto& tally : tallies) {
    tally.outcome = Judge(tally, electorate);
    tally.too_few =
        tally.counts.alive + tally.counts.dead + tally.counts.unknown < electorate.quorum;
  }
  return tallies;
}

}  // namespace zkcluster
