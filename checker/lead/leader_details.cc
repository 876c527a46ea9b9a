// What a Leader tells of itself; nothing here decides anything.
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
  for (const ServerTally& tally : tallies) {
    ++count_.outcomes[static_cast<std::size_t>(tally.outcome)];
  }
}

std::optional<LeaderDetails> Leader::details() const {
  if (!store_.loaded()) return std::nullopt;
  LeaderDetails details = count_;
  details.epoch = leadership_.record.epoch;
  details.hold = HoldName(hold_);
  const auto& shards = spec_.spec.shards;
  const StatusBoard& board = store_.BoardFor(spec_, lists_).board;
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
