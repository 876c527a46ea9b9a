#include "checker/lead/leader_facts.h"

#include <algorithm>

#include "model/flapping.h"

namespace zkcluster {

LastCount CountOf(const Round& round) {
  LastCount count;
  count.electorate = round.electorate.size;
  count.quorum = round.electorate.quorum;
  for (const auto& id : round.electorate.ids) count.voters.emplace(id, round.voters.contains(id));
  if (round.step == Round::Step::kRefuse) return count;
  for (const ServerTally& tally : round.tallies) ++count.outcomes[tally.outcome];
  return count;
}

LeaderFacts FactsOf(const LastCount& count) {
  LeaderFacts facts;
  facts.quorum = count.quorum;
  facts.electorate = count.electorate;
  facts.voters = count.voters;
  facts.outcomes = count.outcomes;
  return facts;
}

std::vector<FlappingShard> FindFlapping(const Ledger& ledger, Micros now, Duration threshold) {
  std::vector<FlappingShard> flapping;
  for (const auto& [name, penalty] : ledger.penalties) {
    const int owed = OwedPenalty(penalty, !penalty.dead(), now, threshold);
    if (!IsFlapping(owed) || flapping.size() >= kMaxShardsListed) continue;
    flapping.push_back({name, penalty.deaths, owed});
  }
  return flapping;
}

void AddStatuses(LeaderFacts& facts, const std::vector<ShardSpec>& shards, const StatusBoard& board,
                 Micros now) {
  for (std::size_t i = 0; i < std::min(shards.size(), board.shards.size()); ++i) {
    const ShardState& state = board.shards[i];
    ++facts.statuses[state.status];
    facts.dated_ahead = std::max(facts.dated_ahead, state.since - now);
    if (state.status == ShardStatus::kDead && facts.dead.size() < kMaxShardsListed) {
      facts.dead.push_back({shards[i].name, shards[i].addr, state.reason, state.since});
    }
  }
}

}  // namespace zkcluster
