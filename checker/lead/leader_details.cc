#include "checker/lead/leader_details.h"

#include <algorithm>

namespace zkcluster {

LastCount CountOf(const Round& round) {
  LastCount count;
  count.electorate = round.electorate.size;
  count.quorum = round.electorate.quorum;
  for (const auto& id : round.electorate.ids) count.voters.emplace(id, round.voters.contains(id));
  if (round.step == Round::Step::kRefuse) return count;
  for (const ServerTally& tally : round.tallies) {
    ++count.outcomes[static_cast<std::size_t>(tally.outcome)];
  }
  return count;
}

LeaderDetails DetailsOf(std::int64_t epoch, Hold hold, const LastCount& count,
                        const std::vector<ShardSpec>& shards, const StatusBoard& board) {
  LeaderDetails details;
  details.epoch = epoch;
  details.hold = HoldName(hold);
  details.quorum = count.quorum;
  details.electorate = count.electorate;
  details.voters = count.voters;
  details.outcomes = count.outcomes;
  for (std::size_t i = 0; i < std::min(shards.size(), board.shards.size()); ++i) {
    const ShardState& state = board.shards[i];
    ++details.statuses[static_cast<std::size_t>(state.status)];
    if (state.status == ShardStatus::kDead && details.dead.size() < kMaxShardsListed) {
      details.dead.push_back({shards[i].name, shards[i].addr, state.reason, state.since});
    }
  }
  return details;
}

}  // namespace zkcluster
