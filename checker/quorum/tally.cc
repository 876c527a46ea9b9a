#include "checker/quorum/tally.h"

#include <algorithm>

namespace zkcluster {

Electorate MakeElectorate(const ClusterSpec& spec, std::set<std::string> learned, int at_least,
                          int present) {
  Electorate electorate;
  electorate.size = spec.checkers.value_or(std::max(static_cast<int>(learned.size()), at_least));
  electorate.size = std::max(electorate.size, present);
  electorate.quorum = spec.quorum.value_or(electorate.size / 2 + 1);
  electorate.ids = std::move(learned);
  return electorate;
}

namespace {

bool Counts(const Ballot& ballot, SpecId spec, std::size_t shards) {
  return ballot.spec == spec && ballot.votes.size() == shards;
}

void Add(ShardTally& tally, const Vote& vote) {
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

Outcome Judge(const VoteCounts& counts, int quorum) {
  const bool alive = counts.alive >= quorum;
  const bool dead = counts.dead >= quorum;
  // With a quorum below a majority both can hold; a tie stays.
  if (alive == dead) return Outcome::kNoQuorum;
  return alive ? Outcome::kAlive : Outcome::kDead;
}

}  // namespace

std::vector<ShardTally> CountVotes(const Ballots& ballots, const Electorate& electorate,
                                   SpecId spec, std::size_t shards) {
  std::vector<ShardTally> tallies(shards);
  for (const auto& [id, ballot] : ballots) {
    if (!electorate.ids.contains(id) || !Counts(ballot, spec, shards)) continue;
    for (std::size_t i = 0; i < shards; ++i) Add(tallies[i], ballot.votes[i]);
  }
  for (auto& tally : tallies) tally.outcome = Judge(tally.counts, electorate.quorum);
  return tallies;
}

}  // namespace zkcluster
