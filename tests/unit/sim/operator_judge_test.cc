// The excuses of the judge of operators' answers twice each: where they apply, and close by, where
// an answer is not true.
#include "tests/sim/operator_judge.h"

#include <doctest/doctest.h>

namespace operator_judge_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using history::Excuse;

namespace {

constexpr std::int64_t kOwn = 1;
constexpr std::int64_t kOther = 2;
using Kind = OperatorAnswer::Kind;

struct Answered {
  OperatorJudge judge{"/root"};
  OperatorAnswer answer;

  explicit Answered(Kind kind) {
    answer.kind = kind;
    answer.cluster = "a";
    answer.begun = 10;
  }
  void Writes(std::int64_t zxid, std::int64_t session, zk::Op op) {
    Transaction transaction;
    transaction.zxid = zxid;
    transaction.session_id = session;
    transaction.ops = {std::move(op)};
    judge.Observe(transaction);
  }
  void Sets(std::int64_t zxid, std::int64_t session, const std::string& version) {
    Writes(zxid, session, zk::SetOp{"/root/a", version, zk::kAnyVersion});
  }
  void Expect(Excuse excuse, bool excused) {
    CHECK(judge.Judge(answer, {kOwn}).has_value() == !excused);
    CHECK(judge.excuses()[excuse] == (excused ? 1 : 0));
    CHECK(judge.excuses().Sum() == (excused ? 1 : 0));
  }
};

}  // namespace

TEST_CASE("excuses: an error, and the change of an earlier call in doubt is there") {
  for (const bool excused : {true, false}) {
    Answered site(Kind::kUpdate);
    site.answer.in_doubt = excused;
    site.answer.result = Fail(ErrorCode::kConflict, "somebody was quicker");
    site.Sets(11, kOwn, "7");
    site.Expect(Excuse::kInDoubt, excused);
  }
}

TEST_CASE("excuses: an error, and others changed the cluster after the own change") {
  for (const bool excused : {true, false}) {
    Answered site(Kind::kUpdate);
    site.answer.result = Fail(ErrorCode::kConflict, "somebody was quicker");
    // The other's change is before the own one, or after it.
    site.Sets(excused ? 11 : 12, kOwn, "7");
    if (excused) site.Sets(12, kOther, "8");
    site.Expect(Excuse::kChangedSince, excused);
  }
}

TEST_CASE("excuses: an update that succeeds and writes nothing, as nothing differs") {
  for (const bool excused : {true, false}) {
    Answered site(Kind::kUpdate);
    site.answer.result = 7;
    site.Sets(3, kOther, excused ? "7" : "6");
    site.Expect(Excuse::kNothingDiffered, excused);
  }
}

TEST_CASE("excuses: a delete that succeeds, and another session did it") {
  for (const bool excused : {true, false}) {
    Answered site(Kind::kDelete);
    site.answer.result = 0;
    // Before it was asked for, it was no answer to it.
    site.Writes(excused ? 11 : 9, kOther, zk::DeleteOp{"/root/a", zk::kAnyVersion});
    site.Expect(Excuse::kGoneByOther, excused);
  }
}

}  // namespace operator_judge_test
