#include "checker/lead/leader_facts.h"

#include <algorithm>

#include "checker/rules/outlier.h"
#include "model/flapping.h"

namespace zkcluster {

namespace {

void AddDisputes(LastCount& count, const Round& round, const std::vector<ShardSpec>& shards,
                 const LastCount& before, Micros now) {
  const auto disputes = FindDisputes(shards, round.decision.board, round);
  count.all_disputed = disputes.size();
  for (const Dispute& dispute : disputes) {
    if (count.disputed.size() == kMaxShardsListed) return;
    const ShardSpec& shard = shards[dispute.shard];
    const auto known = std::ranges::find(before.disputed, shard.name, &DisputedShard::name);
    const bool same = known != before.disputed.end() && known->looks == dispute.looks;
    count.disputed.push_back({shard.name, shard.addr, dispute.looks, dispute.reason,
                              dispute.obstacle, same ? known->since : now});
  }
}

}  // namespace

LastCount CountOf(const Round& round, const std::vector<ShardSpec>& shards, const LastCount& before,
                  Micros now) {
  LastCount count;
  count.electorate = round.electorate.size;
  count.quorum = round.electorate.quorum;
  for (const auto& id : round.electorate.ids) count.voters.emplace(id, round.voters.contains(id));
  if (round.step == Round::Step::kRefuse) return count;
  for (const ServerTally& tally : round.tallies) ++count.outcomes[tally.outcome];
  AddDisputes(count, round, shards, before, now);
  return count;
}

LeaderFacts FactsOf(const LastCount& count) {
  LeaderFacts facts;
  facts.quorum = count.quorum;
  facts.electorate = count.electorate;
  facts.voters = count.voters;
  facts.outcomes = count.outcomes;
  facts.disputed = count.disputed;
  facts.all_disputed = count.all_disputed;
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

void AddOutliers(LeaderFacts& facts, const Ballots& ballots, SpecId spec, std::size_t servers) {
  Electorate electorate;
  for (const auto& [id, votes] : facts.voters) electorate.ids.insert(id);
  for (const auto& [id, profile] : CompareBallots(ballots, electorate, spec, servers)) {
    if (profile.blind() || profile.stale()) facts.outliers.insert(id);
  }
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
