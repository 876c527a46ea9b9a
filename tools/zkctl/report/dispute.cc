#include <algorithm>
#include <vector>

#include "text/duration.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {
namespace {

std::string ObstacleText(const Snapshot& snapshot, const Assessment& assessment,
                         const Dispute& dispute, Micros now) {
  const std::string& shard = snapshot.spec.spec.shards[dispute.shard].name;
  const ServerTally& tally = assessment.tallies[dispute.shard];
  const Electorate& electorate = assessment.electorate;
  const std::string quorum = std::to_string(electorate.quorum);
  switch (dispute.obstacle) {
    case Obstacle::kNone: {
      if (!assessment.leader) return "nobody leads";
      const Micros owed = OwedFor(snapshot, assessment, dispute, now);
      return owed == Micros(0) ? *assessment.leader + " is about to flip it"
                               : OwedSentence(snapshot, assessment, owed);
    }
    case Obstacle::kVotes: {
      const int votes =
          dispute.looks == ShardStatus::kDead ? tally.counts.dead : tally.counts.alive;
      const std::string missing = MissingText(assessment);
      return std::to_string(votes) + " of " + quorum + " votes: no quorum" +
             (missing.empty() ? "" : "; " + missing);
    }
    case Obstacle::kRacks:
      return "dead votes from " +
             Counted(static_cast<std::size_t>(std::max(0, tally.dead_racks)), "rack") +
             ", min_racks is " + std::to_string(electorate.min_racks);
    case Obstacle::kTie:
      return "a tie: alive and dead reach the quorum of " + quorum;
    case Obstacle::kMaintenance: {
      const auto order = assessment.maintenance.find(shard);
      if (order == assessment.maintenance.end()) break;
      return "under maintenance by " + order->second.by + ", " + LeftText(order->second.until, now);
    }
    case Obstacle::kHold:
      if (assessment.hold != Hold::kPaused || !assessment.pause) {
        return "held: " + std::string(HoldName(assessment.hold));
      }
      return "paused by " + assessment.pause->by + ", " + LeftText(assessment.pause->until, now);
    case Obstacle::kFreeze:
      return "frozen";
  }
  return "under maintenance";
}

std::string CountedNames(const std::vector<std::string>& names, std::string_view noun) {
  return Counted(names.size(), noun) + ": " + ShortList(names);
}

}  // namespace

std::string HeldBack(const Snapshot& snapshot, const Assessment& assessment, Obstacle obstacle) {
  std::vector<std::string> deaths;
  std::vector<std::string> returns;
  for (const Dispute& dispute : assessment.disputes) {
    if (dispute.obstacle != obstacle) continue;
    (dispute.looks == ShardStatus::kDead ? deaths : returns)
        .push_back(snapshot.spec.spec.shards[dispute.shard].name);
  }
  std::string text = deaths.empty() ? "" : CountedNames(deaths, "death");
  if (!returns.empty()) text += (text.empty() ? "" : "; ") + CountedNames(returns, "return");
  return text;
}

Micros DisputedSince(const Assessment& assessment, const Dispute& dispute) {
  const Opinion opinion = dispute.looks == ShardStatus::kDead ? Opinion::kDead : Opinion::kAlive;
  Micros since{0};
  for (const CheckerView& checker : assessment.checkers) {
    if (checker.state != BallotState::kCounted) continue;
    if (checker.voter->ballot->votes[dispute.shard].opinion != opinion) continue;
    const Micros written = checker.voter->written;
    since = since == Micros(0) ? written : std::min(since, written);
  }
  return since;
}

Micros OwedFor(const Snapshot& snapshot, const Assessment& assessment, const Dispute& dispute,
               Micros now) {
  // A decision takes a round trip or two. This clock and the server's may differ, too.
  constexpr Micros kUsual = std::chrono::seconds(2);
  const Opinion opinion = dispute.looks == ShardStatus::kDead ? Opinion::kDead : Opinion::kAlive;
  std::vector<Micros> written;
  for (const CheckerView& checker : assessment.checkers) {
    if (checker.state != BallotState::kCounted) continue;
    if (checker.voter->ballot->votes[dispute.shard].opinion != opinion) continue;
    written.push_back(checker.voter->written);
  }
  const auto quorum = static_cast<std::size_t>(std::max(1, assessment.electorate.quorum));
  if (written.size() < quorum || snapshot.changed == Micros(0)) return Micros(0);
  std::ranges::sort(written);
  // An order that has held it back may have ended since.
  Micros since = std::max(written[quorum - 1], snapshot.changed);
  if (snapshot.ledger) {
    if (snapshot.ledger->pause) since = std::max(since, snapshot.ledger->pause->until);
    const auto order =
        snapshot.ledger->maintenance.find(snapshot.spec.spec.shards[dispute.shard].name);
    if (order != snapshot.ledger->maintenance.end()) since = std::max(since, order->second.until);
  }
  return now - since > kUsual ? now - since : Micros(0);
}

std::string OwedSentence(const Snapshot& snapshot, const Assessment& assessment, Micros owed) {
  const std::string& leader = *assessment.leader;
  std::string text = leader + " has not flipped it for " + FormatAge(owed) + ": it may be gone";
  for (const auto& candidate : snapshot.candidates) {
    if (candidate.name.id != leader) return text + ", and " + candidate.name.id + " is next";
  }
  return text + ", and no other checker is registered";
}

std::string DisputeSentence(const Snapshot& snapshot, const Assessment& assessment,
                            const Dispute& dispute, Micros now) {
  std::string text = "looks " + std::string(ShardStatusName(dispute.looks));
  if (const Micros since = DisputedSince(assessment, dispute); since != Micros(0)) {
    text += " " + FormatAge(std::max(Micros::zero(), now - since));
  }
  if (dispute.reason != Reason::kNone) text += " (" + std::string(ReasonName(dispute.reason)) + ")";
  return text + "; " + ObstacleText(snapshot, assessment, dispute, now);
}

std::string LastVotesSentence(const CheckerView& checker) {
  if (checker.candidate || !checker.voter) return "";
  return checker.id + " has stopped; its last votes count until its session ends";
}

std::string OutlierSentence(const Snapshot& snapshot, const CheckerView& checker) {
  if (!checker.profile) return "";
  const BallotProfile& profile = *checker.profile;
  const std::string shards = Counted(snapshot.spec.spec.shards.size(), "shard");
  if (profile.blind()) {
    const std::size_t dead = profile.alone[Opinion::kDead];
    const std::size_t unknown = profile.alone[Opinion::kUnknown];
    if (dead < unknown) {
      return checker.id + " alone cannot tell whether " + std::to_string(unknown) + " of " +
             shards + " are alive";
    }
    const std::size_t all = snapshot.spec.spec.shards.size();
    return checker.id + " alone calls " +
           (dead == all ? "all " + shards : std::to_string(dead) + " of " + shards) + " dead (" +
           std::string(ReasonName(profile.reason)) + ")";
  }
  if (profile.stale()) {
    return checker.id + " alone calls " + std::to_string(profile.alone[Opinion::kAlive]) + " of " +
           shards + " alive that all others call dead";
  }
  return "";
}

}  // namespace zkcluster::zkctl
