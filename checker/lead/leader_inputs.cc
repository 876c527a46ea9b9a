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
      candidates_(
          scope_, scope_.paths.election(),
          [](const std::string& name) { return ParseCandidateName(name).has_value(); },
          [this] { OnCandidates(); }),
      go_voters_(
          scope_, scope_.paths.go_voters(), [](const std::string& name) { return IsGoVoter(name); },
          [this] { changed_(); }),
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

bool LeaderInputs::settled() const {
  const bool news = vote_signal_.has_news() || voters_.has_news() || candidates_.has_news() ||
                    go_voters_.has_news() || go_signal_.has_news() || token_.has_news();
  return !news && std::ranges::none_of(
                      votes_, [](const auto& vote) { return vote.second.watcher->has_news(); });
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
    undecodable_.erase(vote.first);
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
  std::erase_if(undecodable_, [&](const auto& voter) { return !votes_.contains(voter); });
  for (const auto& id : present) {
    if (votes_.contains(id)) continue;
    votes_[id].watcher = std::make_unique<zk::NodeWatcher>(
        scope_.loop, scope_.client, scope_.paths.vote(id),
        [this, id](const auto& node) { OnVote(id, node); }, [this, id] { OnUnreadable(id); });
  }
  changed_();
}

// A ballot that we may not read keeps silent, like an undecodable one: it must not keep the leader
// from deciding. Everyone may ask who owns a znode.
void LeaderInputs::OnUnreadable(const std::string& id) {
  const auto take = [this, id](const Result<std::optional<zk::Stat>>& stat) {
    const auto found = votes_.find(id);
    if (!stat || !*stat || found == votes_.end() || found->second.known) return;
    VoteState& vote = found->second;
    vote.known = true;
    vote.version = (*stat)->version;
    vote.ghost = !(*stat)->has_owner();
    if (!vote.ghost) {
      undecodable_.insert(id);
      LogUnusable(id, "it may not be read");
    }
    changed_();
  };
  scope_.client.Exists(scope_.paths.vote(id), {}, lifetime_.Guard(take));
}

void LeaderInputs::LogUnusable(const std::string& id, std::string_view error) {
  scope_.logger.Error("ballot.undecodable", {{"cluster", scope_.paths.name()},
                                             {"voter", id},
                                             {"path", scope_.paths.vote(id)},
                                             {"error", error}});
}

void LeaderInputs::OnVote(const std::string& id, const std::optional<zk::Node>& node) {
  VoteState& vote = votes_[id];
  vote.known = true;
  vote.version.reset();
  vote.ghost = node && !node->stat.has_owner();
  ballots_.erase(id);
  undecodable_.erase(id);
  if (node) {
    vote.version = node->stat.version;
    if (!newest_ballot_ || newest_ballot_->written < node->stat.modified) {
      newest_ballot_ = {node->stat.modified, scope_.loop.Now()};
    }
  }
  if (node && !vote.ghost) {
    if (auto ballot = DecodeBallot(node->data)) {
      ballots_.emplace(id, *std::move(ballot));
    } else {
      undecodable_.insert(id);
      LogUnusable(id, ballot.error().message);
    }
  }
  changed_();
}

void LeaderInputs::OnCandidates() {
  candidate_ids_.clear();
  for (const auto& candidate : SortCandidates(candidates_.living())) {
    candidate_ids_.insert(candidate.name.id);
  }
  changed_();
}

std::vector<Ghost> LeaderInputs::ghosts() const {
  std::vector<Ghost> ghosts;
  for (const auto& [path, version] : candidates_.ghosts()) {
    ghosts.push_back({"candidate", path, version, std::nullopt});
  }
  for (const auto& [id, vote] : votes_) {
    if (!vote.ghost) continue;
    ghosts.push_back({"ballot", scope_.paths.vote(id), *vote.version,
                      zk::CheckOp{scope_.paths.votes(), vote_signal()}});
  }
  for (const auto& [path, version] : go_voters_.ghosts()) {
    std::optional<zk::CheckOp> signal;
    if (go_signal()) signal = zk::CheckOp{scope_.paths.go_voters(), *go_signal()};
    ghosts.push_back({"go_checker", path, version, signal});
  }
  return ghosts;
}

RoundInput LeaderInputs::InputOf(const SpecInForce& spec, const StatusRead& status) const {
  return {.spec = spec.spec(),
          .spec_id = spec.id(),
          .spec_is_current = spec.IsCurrent(),
          .spec_is_newer = spec.standing.newer,
          .spec_from_one_write = spec.stored->from_one_write,
          .interval = spec.health.interval,
          .threshold = spec.health.threshold,
          .refused_threshold = spec.health.refused_threshold,
          .head = status.head,
          .has_head = status.has_head,
          .board = status.board,
          .ledger = status.ledger,
          .ballots = ballots(),
          .candidates = candidates(),
          .go_voters = go_voters()};
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
