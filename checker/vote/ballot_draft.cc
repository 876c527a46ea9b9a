#include "checker/vote/ballot_draft.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster {

void BallotDraft::SetList(SpecId spec, std::vector<Vote> votes) {
  ballot_.spec = spec;
  ballot_.votes = std::move(votes);
  ballot_.returning.clear();  // the next good probe names it again
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

bool BallotDraft::SetReturning(std::size_t server, int required, int good) {
  auto& all = ballot_.returning;
  const auto at = std::lower_bound(
      all.begin(), all.end(), server,
      [](const ReturningServer& each, std::size_t place) { return each.server < place; });
  const bool known = at != all.end() && at->server == server;
  const ReturningServer next{server, required, good};
  if (required == 0) {
    if (known) all.erase(at);
    return known;
  }
  if (known) return std::exchange(*at, next) != next;
  if (all.size() >= kMaxReturning) return false;
  all.insert(at, next);
  return true;
}

std::size_t BallotDraft::BeginWrite() {
  ++ballot_.writes;
  return std::exchange(changes_, 0);
}

}  // namespace zkcluster
