// What a Leader reports of itself; nothing here decides anything.
#include <algorithm>

#include "checker/lead/leader.h"

namespace zkcluster {

void Leader::NoteCount(const Electorate& electorate, const Ballots& ballots,
                       const std::vector<ServerTally>& tallies) {
  count_.electorate = electorate.size;
  count_.quorum = electorate.quorum;
  count_.voters.clear();
  for (const auto& id : electorate.ids) count_.voters.emplace(id, ballots.contains(id));
  count_.outcomes = {};
  for (const ServerTally& tally : tallies) ++count_.outcomes[tally.outcome];
}

LeaderFacts Leader::facts(FactsDepth depth) const {
  LeaderFacts facts = count_;
  facts.epoch = leadership_.record.epoch;
  facts.hold = hold_;
  facts.maintained = log_.maintained();
  facts.status_read = store_.loaded();
  if (!facts.status_read) return facts;
  facts.frozen = store_.ledger().freeze.frozen;
  if (depth == FactsDepth::kCounts) return facts;
  const auto& shards = spec_->spec().shards;
  const StatusBoard& board = store_.BoardFor(*spec_->stored, lists_).board;
  for (std::size_t i = 0; i < std::min(shards.size(), board.shards.size()); ++i) {
    const ShardState& state = board.shards[i];
    ++facts.statuses[state.status];
    if (state.status == ShardStatus::kDead && facts.dead.size() < kMaxShardsListed) {
      facts.dead.push_back({shards[i].name, shards[i].addr, state.reason, state.since});
    }
  }
  return facts;
}

}  // namespace zkcluster
