// The judge's own count: ballots that are left out, with the quorum of all.
#include "tests/history/ballot_box.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace ballot_box_test {

using namespace zkcluster;
using namespace zkcluster::history;

namespace {

constexpr SpecId kSpec{7, 70};

// "AD": alive, dead.
std::shared_ptr<const Ballot> MakeBallot(const std::string& votes) {
  Ballot ballot;
  ballot.spec = kSpec;
  for (const char c : votes) {
    ballot.votes.push_back(c == 'A' ? Vote{Opinion::kAlive, Reason::kNone}
                                    : Vote{Opinion::kDead, Reason::kTimeout});
  }
  return std::make_shared<const Ballot>(std::move(ballot));
}

ClusterSpec MakeSpec() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.checkers = 3;
  for (int i = 1; i <= 3; ++i) {
    spec.shards.push_back({"s" + std::to_string(i), "h:" + std::to_string(i)});
  }
  return spec;
}

}  // namespace

TEST_CASE("ballot box: a ballot that contradicts all others is left out where the spec says so") {
  ClusterSpec spec = MakeSpec();
  const Ledger ledger{{"c1", "c2", "c3"}, {}};
  const auto box = [&](std::vector<std::shared_ptr<const Ballot>> third) {
    return BallotBox(
        {{"c1", {MakeBallot("DAA")}}, {"c2", {MakeBallot("AAA")}}, {"c3", std::move(third)}}, spec,
        kSpec, ledger);
  };
  CHECK(box({MakeBallot("DDD")}).CountOf(0).dead.least == 2);
  spec.outlier_votes = OutlierVotes::kIgnore;
  const BallotBox without = box({MakeBallot("DDD")});
  CHECK(without.left_out() == std::set<std::string>{"c3"});
  CHECK(without.CountOf(0).dead.most == 1);
  CHECK(without.quorum().least == 2);
  CHECK(without.electorate().least == 3);
  CHECK_FALSE(without.Covers(without.CountOf(0), ShardStatus::kDead));
  // One server alone is not enough, nor a ballot that agrees.
  CHECK(box({MakeBallot("DAD")}).left_out().empty());
  CHECK(box({MakeBallot("DAA")}).CountOf(0).dead.least == 2);
  // Where it is not known what was read, it may be either.
  const BallotBox unsure = box({MakeBallot("DDD"), MakeBallot("DAA")});
  CHECK(unsure.left_out().empty());
  CHECK(unsure.CountOf(0).dead.least == 0);
  CHECK(unsure.CountOf(0).dead.most == 2);
}

}  // namespace ballot_box_test
