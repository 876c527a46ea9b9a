#include "checker/vote/ballot_draft.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster {

void BallotDraft::SetList(SpecId spec, std::vector<Vote> votes) {
  ballot_.spec = spec;
  ballot_.votes = std::move(votes);
  not_probed_ = static_cast<std::size_t>(
      std::count_if(ballot_.votes.begin(), ballot_.votes.end(),
                    [](const Vote& vote) { return vote.opinion == Opinion::kNotProbed; }));
  released_ = released_ || complete();
}

BallotDraft::Change BallotDraft::SetVote(std::size_t shard, Vote vote) {
  ZKC_CHECK(shard < ballot_.votes.size());
  Vote& current = ballot_.votes[shard];
  if (current == vote) return Change::kNone;
  const bool first_opinion = current.opinion == Opinion::kNotProbed;
  not_probed_ -= first_opinion ? 1 : 0;
  not_probed_ += vote.opinion == Opinion::kNotProbed ? 1 : 0;
  current = vote;
  ++changes_;
  released_ = released_ || complete();
  return first_opinion && !complete() ? Change::kFirstOpinion : Change::kOther;
}

std::size_t BallotDraft::BeginWrite() {
  ++ballot_.writes;
  return std::exchange(changes_, 0);
}

}  // namespace zkcluster
