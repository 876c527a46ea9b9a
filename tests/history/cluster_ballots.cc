// The part of ClusterJudge about ballots, and about which of them a commit may have counted.
#include <fmt/format.h>

#include <algorithm>

#include "tests/history/cluster_judge.h"

namespace zkcluster::history {

// Call it before the change is applied.
void ClusterJudge::JudgeBallot(const Touch& touch) {
  const std::int64_t session_id = transaction_->session_id;
  if (transaction_->ends_session || IsOutsider(session_id)) return;
  const std::string_view id = touch.spot.name;
  const auto known = candidacies_.find(session_id);
  const bool candidate = known != candidacies_.end() && known->second.contains(id);
  if (std::holds_alternative<zk::DeleteOp>(*touch.op)) {
    if (known == candidacies_.end()) return;  // an operator deletes the cluster
    const auto removed = replica_.votes.find(id);
    // A ghost is nobody's, and the leader removes it.
    if (removed != replica_.votes.end() && removed->second.owner == 0) return;
    if (!candidate) {
      return Report("ballot", fmt::format("the ballot of {} is removed by another checker", id));
    }
  } else if (!candidate) {
    return Report("ballot", fmt::format("session {:#x} votes as {}, and never had a candidate of "
                                        "that id",
                                        session_id, id));
  }
  if (const auto* create = std::get_if<zk::CreateOp>(touch.op);
      create != nullptr && create->mode != zk::CreateMode::kEphemeral) {
    return Report("ballot", fmt::format("the ballot of {} is not ephemeral", id));
  }
  const auto current = replica_.votes.find(id);
  if (std::holds_alternative<zk::SetOp>(*touch.op) && current != replica_.votes.end() &&
      current->second.owner != session_id) {
    // A version says nothing about the owner.
    const auto maker = ballot_makers_.find(id);
    const bool ghost =
        current->second.owner == 0 && maker != ballot_makers_.end() && maker->second == session_id;
    if (ghost) return Excused(Excuse::kGhostOfOwn);
    return Report("ballot", fmt::format("session {:#x} writes the ballot of {}, owned by {:#x}",
                                        session_id, id, current->second.owner));
  }
  const CandidateSlot* own = nullptr;
  const CandidateSlot* twin = nullptr;
  for (const auto& [node, other] : replica_.candidates) {
    if (!other.name || other.name->id != id || other.owner == 0) continue;
    const CandidateSlot*& first = other.owner == session_id ? own : twin;
    if (first == nullptr || SequenceBefore(other.name->sequence, first->name->sequence)) {
      first = &other;
    }
  }
  if (own == nullptr) {
    const bool ghost = std::ranges::any_of(
        replica_.candidates, [&](const auto& other) { return IsGhostOf(other.first, session_id); });
    if (ghost) return Excused(Excuse::kGhostOfOwn);
    return Report("ballot", fmt::format("session {:#x} votes as {}, and its candidate is gone",
                                        session_id, id));
  }
  // After sequence numbers have wrapped, a later candidate may have the smaller number.
  if (twin == nullptr || !SequenceBefore(twin->name->sequence, own->name->sequence)) return;
  if (twin->czxid > own->czxid) {
    Excused(Excuse::kSequenceEnded);
  } else {
    Report("ballot", fmt::format("votes as {} with candidate {}, while twin {} is before it", id,
                                 own->name->sequence, twin->name->sequence));
  }
}

const ClusterSpec* ClusterJudge::FindSpec(const SpecId& id) const {
  for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
    const auto& specs = (*record)->specs;
    const auto found =
        std::find_if(specs.rbegin(), specs.rend(), [&](const auto& spec) { return spec.id == id; });
    if (found != specs.rend()) return found->spec.get();
  }
  return nullptr;
}

void ClusterJudge::JudgeVotes(const std::string& id, const VoteSlot& vote) {
  const Ballot& ballot = *vote.ballot;
  const ClusterSpec* const spec = FindSpec(ballot.spec);
  const auto& specs = records_.back()->specs;
  const bool of_this_life = std::any_of(specs.rbegin(), specs.rend(),
                                        [&](const auto& each) { return each.id == ballot.spec; });
  if (spec != nullptr && !of_this_life) Excused(Excuse::kSpecOfEarlierLife);
  if (spec == nullptr) {
    return Report("ballot", fmt::format("{} votes on version {} of zxid {:#x}, which never was in "
                                        "force",
                                        id, ballot.spec.version, ballot.spec.shards_zxid));
  }
  if (ballot.votes.size() != spec->shards.size()) {
    return Report("ballot", fmt::format("{} votes on {} shards, its spec has {}", id,
                                        ballot.votes.size(), spec->shards.size()));
  }
  if (!judge_.options_.probed) return;
  const std::int64_t session_id = transaction_->session_id;
  auto& known = known_probed_[session_id];
  for (std::size_t i = 0; i < ballot.votes.size(); ++i) {
    if (ballot.votes[i].opinion == Opinion::kNotProbed) continue;
    const std::string& addr = spec->shards[i].addr;
    if (known.contains(addr)) continue;
    if (judge_.options_.probed(session_id, addr)) {
      known.insert(addr);
    } else {
      Report("silent_vote", fmt::format("{} has an opinion on {} ({}), which it has not probed", id,
                                        spec->shards[i].name, addr));
    }
  }
}

// Call it before the change is applied.
void ClusterJudge::RememberVote(const Touch& touch) {
  const auto current = replica_.votes.find(touch.spot.name);
  past_votes_.push_back({transaction_->time, votes_touched_, std::string(touch.spot.name),
                         current == replica_.votes.end() || !current->second.counts()
                             ? nullptr
                             : current->second.ballot});
}

void ClusterJudge::ForgetVotes() {
  const auto& options = judge_.options_;
  while (!past_votes_.empty() && transaction_->time - past_votes_.front().time > options.lookback &&
         votes_touched_ - past_votes_.front().number >= options.lookback_votes) {
    past_votes_.pop_front();
  }
}

std::vector<PossibleBallots> ClusterJudge::VotersNow() const {
  std::vector<PossibleBallots> voters;
  for (const auto& [id, vote] : replica_.votes) {
    if (vote.counts()) voters.push_back({id, {vote.ballot}});
  }
  return voters;
}

// A check compares a name and a version. An outsider's ghost in the place of a ballot may have
// both, and then the commit may have counted the ballot that is gone.
std::shared_ptr<const Ballot> ClusterJudge::ReplacedByGhost(const std::string& id,
                                                            const VoteSlot& vote) const {
  if (vote.owner != 0) return nullptr;
  const auto replaced = std::ranges::find_if(
      past_votes_.rbegin(), past_votes_.rend(),
      [&](const PastVote& past) { return past.id == id && past.ballot != nullptr; });
  return replaced == past_votes_.rend() ? nullptr : replaced->ballot;
}

std::vector<PossibleBallots> ClusterJudge::VotersOf(const Facts& facts) {
  std::vector<PossibleBallots> voters;
  if (!facts.votes_checked.empty()) {
    for (const std::string_view id : facts.votes_checked) {
      const auto vote = replica_.votes.find(id);
      if (vote == replica_.votes.end()) continue;  // reported as a broken history
      if (vote->second.counts()) {
        voters.push_back({vote->first, {vote->second.ballot}});
      } else if (const auto replaced = ReplacedByGhost(vote->first, vote->second)) {
        Excused(Excuse::kGhostOfOwn);
        voters.push_back({vote->first, {nullptr, replaced}});
      }
    }
    return voters;
  }
  std::map<std::string, std::set<std::shared_ptr<const Ballot>>> possible;
  for (const auto& [id, vote] : replica_.votes) {
    possible[id].insert(vote.counts() ? vote.ballot : nullptr);
  }
  for (const PastVote& past : past_votes_) {
    auto& of = possible[past.id];
    if (of.empty()) of.insert(nullptr);  // the ballot no longer exists
    of.insert(past.ballot);
  }
  for (const auto& [id, ballots] : possible) {
    voters.push_back({id, {ballots.begin(), ballots.end()}});
  }
  return voters;
}

}  // namespace zkcluster::history
