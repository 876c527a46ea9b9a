#include "checker/vote/ballot_draft.h"

#include <utility>

#include "base/check.h"

namespace zkcluster {

void BallotDraft::SetList(SpecId spec, std::vector<Vote> votes) {
  ballot_.spec = spec;
  ballot_.votes = std::move(votes);
  opinions_ = CountOpinions(ballot_.votes);
  released_ = released_ || complete();
}

BallotDraft::Change BallotDraft::SetVote(std::size_t server, Vote vote) {
  ZKC_CHECK(server < ballot_.votes.size());
  Vote& current = ballot_.votes[server];
  if (current == vote) return Change::kNone;
  const bool first_opinion = current.opinion == Opinion::kNotProbed;
  --opinions_[current.opinion];
  ++opinions_[vote.opinion];
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
