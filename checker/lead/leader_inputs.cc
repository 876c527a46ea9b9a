#include "checker/lead/leader_inputs.h"

#include <algorithm>
#include <utility>

#include "checker/rules/standing.h"
#include "codec/codec.h"

namespace zkcluster {

LeaderInputs::LeaderInputs(const ClusterScope& scope, std::function<void()> changed)
    : scope_(scope),
      changed_(std::move(changed)),
      vote_signal_(scope_.loop, scope_.client, scope_.paths.votes(),
                   [this](const auto&) { OnVoteSignal(); }),
      voters_(scope_.loop, scope_.client, scope_.paths.votes(),
              [this](const auto& ids) { OnVoters(ids); }),
      candidates_(scope_.loop, scope_.client, scope_.paths.election(),
                  [this](const auto& nodes) { OnCandidates(nodes); }),
      go_voters_(scope_.loop, scope_.client, scope_.paths.go_voters(),
                 [this](const auto& names) {
                   go_names_ = names.value_or(std::vector<std::string>());
                   changed_();
                 }),
      go_signal_(scope_.loop, scope_.client, scope_.paths.go_voters(),
                 [this](const auto&) { changed_(); }),
      token_(scope_.loop, scope_.client, scope_.paths.leader(),
             [this](const auto&) { changed_(); }) {}

bool LeaderInputs::known() const {
  return vote_signal_.known() && voters_.known() && candidates_.known() && go_voters_.known() &&
         go_signal_.known() && std::all_of(votes_.begin(), votes_.end(), [](const auto& vote) {
           return vote.second.known;
         });
}

zk::Version LeaderInputs::ballot_version(const std::string& id) const {
  return *votes_.at(id).version;
}

// A ballot has begun. If another ballot ended before that, its watch has fired before the signal was
// read. Forget that ballot: the one that follows it may have reached the same version.
void LeaderInputs::OnVoteSignal() {
  std::erase_if(votes_, [this](const auto& vote) {
    if (!vote.second.watcher->has_news()) return false;
    ballots_.erase(vote.first);
    return true;
  });
  if (voters_.known()) OnVoters(voters_.names());
  changed_();
}

void LeaderInputs::OnVoters(const std::optional<std::vector<std::string>>& ids) {
  const std::set<std::string> present =
      ids ? std::set<std::string>(ids->begin(), ids->end()) : std::set<std::string>();
  std::erase_if(votes_, [&](const auto& vote) { return !present.contains(vote.first); });
  std::erase_if(ballots_, [&](const auto& ballot) { return !votes_.contains(ballot.first); });
  for (const auto& id : present) {
    if (votes_.contains(id)) continue;
    votes_[id].watcher =
        std::make_unique<zk::NodeWatcher>(scope_.loop, scope_.client, scope_.paths.vote(id),
                                          [this, id](const auto& node) { OnVote(id, node); });
  }
  changed_();
}

void LeaderInputs::OnVote(const std::string& id, const std::optional<zk::Node>& node) {
  VoteState& vote = votes_[id];
  vote.known = true;
  vote.version.reset();
  ballots_.erase(id);
  if (node) {
    vote.version = node->stat.version;
    if (auto ballot = DecodeBallot(node->data)) {
      ballots_.emplace(id, *std::move(ballot));
    } else {
      scope_.logger.Error("ballot.undecodable", {{"cluster", scope_.paths.name()},
                                                 {"voter", id},
                                                 {"path", scope_.paths.vote(id)},
                                                 {"error", ballot.error().message}});
    }
  }
  changed_();
}

void LeaderInputs::OnCandidates(const std::optional<std::vector<std::string>>& nodes) {
  candidate_ids_.clear();
  if (nodes) {
    for (const auto& candidate : SortCandidates(*nodes)) candidate_ids_.insert(candidate.name.id);
  }
  changed_();
}

void LeaderInputs::Sync() {
  scope_.client.Sync(scope_.paths.votes(), [](Result<void>) {});
}

void LeaderInputs::RereadVote(const std::string& id) {
  Sync();
  if (const auto vote = votes_.find(id); vote != votes_.end()) vote->second.watcher->Refresh();
  voters_.Refresh();
}

void LeaderInputs::RereadVoteSignal() {
  Sync();
  vote_signal_.Refresh();
  voters_.Refresh();
}

void LeaderInputs::RereadGo() {
  go_voters_.Refresh();
  go_signal_.Refresh();
}

}  // namespace zkcluster
