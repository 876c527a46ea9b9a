#include "checker/rules/outlier.h"

#include <algorithm>
#include <vector>

#include "checker/rules/tally.h"

namespace zkcluster {

namespace {

// Fewer than two others cannot agree with each other.
constexpr int kLeastOthers = 2;
// A single server may be out of one checker's reach alone.
constexpr std::size_t kLeastAlone = 2;
constexpr std::size_t kPart = 10;

bool IsMany(std::size_t alone, std::size_t agreed) {
  return alone >= kLeastAlone && alone * kPart >= agreed;
}

// The votes on one server.
struct Said {
  int alive = 0;
  int dead = 0;
};

void Note(BallotProfile& profile, const Vote& vote, Said others) {
  const bool alive = others.alive >= kLeastOthers && others.dead == 0;
  const bool dead = others.dead >= kLeastOthers && others.alive == 0;
  profile.called_alive += alive ? 1 : 0;
  profile.called_dead += dead ? 1 : 0;
  const bool against_life =
      alive && (vote.opinion == Opinion::kDead || vote.opinion == Opinion::kUnknown);
  if (!against_life && !(dead && vote.opinion == Opinion::kAlive)) return;
  const bool first = ++profile.alone[vote.opinion] == 1;
  if (vote.opinion != Opinion::kDead) return;
  profile.reason = first || profile.reason == vote.reason ? vote.reason : Reason::kMixed;
}

}  // namespace

bool BallotProfile::blind() const {
  return IsMany(alone_against_life(), called_alive);
}

bool BallotProfile::stale() const {
  return IsMany(alone[Opinion::kAlive], called_dead);
}

std::map<std::string, BallotProfile> CompareBallots(const Ballots& ballots,
                                                    const Electorate& electorate, SpecId spec,
                                                    std::size_t servers) {
  std::map<std::string, BallotProfile> profiles;
  std::vector<Said> said(servers);
  for (const auto& [id, ballot] : ballots) {
    if (!electorate.ids.contains(id) || !Counts(ballot, spec, servers)) continue;
    profiles.emplace(id, BallotProfile{.votes = CountOpinions(ballot.votes)});
    for (std::size_t i = 0; i < servers; ++i) {
      said[i].alive += ballot.votes[i].opinion == Opinion::kAlive ? 1 : 0;
      said[i].dead += ballot.votes[i].opinion == Opinion::kDead ? 1 : 0;
    }
  }
  for (auto& [id, profile] : profiles) {
    const std::vector<Vote>& votes = ballots.at(id).votes;
    for (std::size_t i = 0; i < servers; ++i) {
      Said others = said[i];
      others.alive -= votes[i].opinion == Opinion::kAlive ? 1 : 0;
      others.dead -= votes[i].opinion == Opinion::kDead ? 1 : 0;
      Note(profile, votes[i], others);
    }
  }
  return profiles;
}

std::set<std::string> FindOutliers(const Ballots& ballots, const Electorate& electorate,
                                   SpecId spec, std::size_t servers) {
  std::set<std::string> outliers;
  for (const auto& [id, profile] : CompareBallots(ballots, electorate, spec, servers)) {
    if (profile.blind()) outliers.insert(id);
  }
  return outliers;
}

}  // namespace zkcluster
