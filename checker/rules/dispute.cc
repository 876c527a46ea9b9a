#include "checker/rules/dispute.h"

namespace zkcluster {

namespace {

// Unknown: the votes say nothing, or contradict each other.
ShardStatus LooksOf(const ServerTally& tally) {
  if (tally.outcome == Outcome::kAlive) return ShardStatus::kAlive;
  if (tally.outcome == Outcome::kDead) return ShardStatus::kDead;
  if (tally.counts.alive == tally.counts.dead) return ShardStatus::kUnknown;
  return tally.counts.alive > tally.counts.dead ? ShardStatus::kAlive : ShardStatus::kDead;
}

Obstacle ObstacleOf(const ServerTally& tally, ShardStatus looks, bool maintained,
                    const Round& round) {
  if (tally.outcome == Outcome::kNoQuorum) {
    const int quorum = round.electorate.quorum;
    if (tally.counts.alive >= quorum && tally.counts.dead >= quorum) return Obstacle::kTie;
    return tally.counts.dead >= quorum ? Obstacle::kRacks : Obstacle::kVotes;
  }
  if (maintained) return Obstacle::kMaintenance;
  if (round.hold != Hold::kNone) return Obstacle::kHold;
  const bool frozen = round.decision.ledger.freeze.frozen;
  return frozen && looks == ShardStatus::kDead ? Obstacle::kFreeze : Obstacle::kNone;
}

}  // namespace

std::string_view ObstacleName(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::kNone:
      return "none";
    case Obstacle::kVotes:
      return "votes";
    case Obstacle::kRacks:
      return "racks";
    case Obstacle::kTie:
      return "tie";
    case Obstacle::kMaintenance:
      return "maintenance";
    case Obstacle::kHold:
      return "hold";
    case Obstacle::kFreeze:
      return "freeze";
  }
  return "none";
}

std::string_view EndOf(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::kNone:
      return "the leader's next decision";
    case Obstacle::kVotes:
      return "as many votes as the quorum";
    case Obstacle::kRacks:
      return "a vote for dead from another rack";
    case Obstacle::kTie:
      return "votes that agree, or a quorum of a majority";
    case Obstacle::kMaintenance:
      return "zkctl maintenance off, or the end of its time";
    case Obstacle::kHold:
      return "the end of the hold; of a pause: zkctl resume, or the end of its time";
    case Obstacle::kFreeze:
      return "zkctl unfreeze --accept, or fewer deaths";
  }
  return "";
}

std::vector<Dispute> FindDisputes(const std::vector<ShardSpec>& shards, const StatusBoard& board,
                                  const Round& round) {
  std::vector<Dispute> disputes;
  auto maintained = round.decision.maintained.begin();  // in the order of the spec, too
  for (std::size_t i = 0; i < round.tallies.size(); ++i) {
    const ServerTally& tally = round.tallies[i];
    const bool held =
        maintained != round.decision.maintained.end() && *maintained == shards[i].name;
    if (held) ++maintained;
    const ShardStatus looks = LooksOf(tally);
    if (looks == ShardStatus::kUnknown || looks == board.shards[i].status) continue;
    const Reason reason = looks == ShardStatus::kDead ? tally.reason : Reason::kNone;
    disputes.push_back({i, looks, reason, ObstacleOf(tally, looks, held, round)});
  }
  return disputes;
}

}  // namespace zkcluster
