#include "checker/vote/ballot_draft.h"

#include <doctest/doctest.h>

namespace ballot_draft_test {

using namespace zkcluster;
using Change = BallotDraft::Change;

namespace {

constexpr Vote kAliveVote{Opinion::kAlive, Reason::kNone};
constexpr Vote kDeadVote{Opinion::kDead, Reason::kTimeout};

}  // namespace

TEST_CASE("draft: it may be published once every shard was probed, and from then on") {
  BallotDraft draft("r1");
  draft.SetList({7, 70}, std::vector<Vote>(3));
  CHECK(draft.SetVote(0, kAliveVote) == Change::kFirstOpinion);
  CHECK(draft.SetVote(1, kDeadVote) == Change::kFirstOpinion);
  CHECK_FALSE(draft.released());
  CHECK(draft.SetVote(2, kAliveVote) == Change::kOther);
  CHECK(draft.complete());
  CHECK(draft.released());
  draft.SetList({8, 80}, {kAliveVote, Vote{}});
  CHECK_FALSE(draft.complete());
  CHECK(draft.released());
  CHECK(draft.ballot().rack == "r1");
  CHECK(draft.ballot().spec == SpecId{8, 80});
}

TEST_CASE("draft: released by patience, it stays so") {
  BallotDraft draft("");
  draft.SetList({7, 70}, std::vector<Vote>(2));
  draft.Release();
  draft.SetList({7, 71}, std::vector<Vote>(2));
  CHECK(draft.released());
  CHECK_FALSE(draft.complete());
}

TEST_CASE("draft: a list without shards, and one with all opinions, may be published at once") {
  BallotDraft none("");
  none.SetList({7, 70}, {});
  CHECK(none.released());
  BallotDraft all("");
  all.SetList({7, 70}, {kAliveVote, kDeadVote});
  CHECK(all.released());
}

TEST_CASE("draft: the same vote is no change, a withdrawn opinion is one") {
  BallotDraft draft("");
  draft.SetList({7, 70}, {kAliveVote, kAliveVote});
  CHECK(draft.SetVote(0, kAliveVote) == Change::kNone);
  CHECK(draft.SetVote(0, Vote{}) == Change::kOther);
  CHECK_FALSE(draft.complete());
  CHECK(draft.SetVote(1, kDeadVote) == Change::kOther);
  // The draft no longer waits for the last missing opinion.
  CHECK(draft.SetVote(0, kDeadVote) == Change::kOther);
  CHECK(draft.ballot().votes == std::vector<Vote>{kDeadVote, kDeadVote});
}

TEST_CASE("draft: a write counts itself and the changes since the one before") {
  BallotDraft draft("");
  draft.SetList({7, 70}, {kAliveVote, kAliveVote});
  CHECK(draft.BeginWrite() == 0);
  CHECK(draft.ballot().writes == 1);
  draft.SetVote(0, kDeadVote);
  draft.SetVote(1, kDeadVote);
  draft.SetVote(1, kDeadVote);
  draft.SetVote(0, kAliveVote);
  CHECK(draft.BeginWrite() == 3);
  CHECK(draft.BeginWrite() == 0);
  CHECK(draft.ballot().writes == 3);
}

TEST_CASE("draft: servers on their way back are named in order, and no longer when they are back") {
  BallotDraft draft("r1");
  draft.SetList({1, 2}, std::vector<Vote>(5));
  CHECK(draft.SetReturning(3, 4, 1));
  CHECK(draft.SetReturning(1, 16, 0));
  CHECK(!draft.SetReturning(3, 4, 1));
  CHECK(draft.SetReturning(3, 4, 2));
  CHECK(!draft.SetReturning(2, 0, 0));
  CHECK(draft.ballot().returning == std::vector<ReturningServer>{{1, 16, 0}, {3, 4, 2}});
  CHECK(draft.SetReturning(1, 0, 0));
  CHECK(draft.ballot().returning == std::vector<ReturningServer>{{3, 4, 2}});
  draft.SetList({2, 3}, std::vector<Vote>(2));
  CHECK(draft.ballot().returning.empty());
  draft.SetList({3, 4}, std::vector<Vote>(2 * kMaxReturning));
  for (std::size_t i = 0; i < kMaxReturning; ++i) CHECK(draft.SetReturning(i, 2, 1));
  CHECK(!draft.SetReturning(kMaxReturning, 2, 1));
}

}  // namespace ballot_draft_test
