// Truth against status: the numbers of the table of faults.
#include "tests/faults/measures.h"

#include <doctest/doctest.h>

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

Micros At(int second) {
  return Micros(seconds(second));
}

StatusStep Step(int second, ShardStatus s1, ShardStatus s2 = ShardStatus::kAlive) {
  return {At(second), true, {{"s1", s1}, {"s2", s2}}};
}

constexpr ShardStatus kA = ShardStatus::kAlive;
constexpr ShardStatus kD = ShardStatus::kDead;

Measures Of(const TruthLog& truth, const std::vector<StatusStep>& steps) {
  return Measure({"s1", "s2"}, truth, steps, At(10), At(100), seconds(5));
}

TEST_CASE("measures: nothing happens") {
  const Measures measures = Of({}, {Step(5, kA)});
  CHECK(measures.longest_wrong == seconds(0));
  CHECK(measures.wrong_shard.empty());
  CHECK(measures.flips.empty());
  CHECK(measures.answers.empty());
}

TEST_CASE("measures: a death and a return, each reported a while later") {
  TruthLog truth;
  truth.Set("s1", Truth::kDead, At(20));
  truth.Set("s1", Truth::kAlive, At(30));
  const Measures measures = Of(truth, {Step(5, kA), Step(23, kD), Step(31, kA)});
  CHECK(measures.longest_wrong == seconds(3));
  CHECK(measures.wrong_shard == "s1");
  REQUIRE(measures.flips.size() == 2);
  CHECK(measures.flips[0].to == kD);
  CHECK(measures.flips[1].at == At(31));
  CHECK(measures.unjustified() == 0);
  REQUIRE(measures.answers.size() == 2);
  CHECK(measures.answers[0].after == seconds(3));
  CHECK(measures.answers[1].after == seconds(1));
}

TEST_CASE("measures: flips, justified or not") {
  struct Row {
    const char* what;
    std::vector<TruthLog::Change> truth;
    std::vector<StatusStep> steps;
    std::size_t flips;
    std::size_t unjustified;
    int wrong_s;
  };
  const Row rows[] = {
      {"without a cause, and back", {}, {Step(5, kA), Step(40, kD), Step(47, kA)}, 2, 1, 7},
      {"reported after its return, but it was dead a moment ago",
       {{"s1", Truth::kDead, At(20)}, {"s1", Truth::kAlive, At(22)}},
       {Step(5, kA), Step(23, kD), Step(24, kA)},
       2,
       0,
       2},
      {"reported long after its return",
       {{"s1", Truth::kDead, At(20)}, {"s1", Truth::kAlive, At(22)}},
       {Step(5, kA), Step(28, kD), Step(29, kA)},
       2,
       1,
       2},
      {"alive although it is dead",
       {{"s1", Truth::kDead, At(20)}},
       {Step(5, kA), Step(21, kD), Step(60, kA), Step(61, kD)},
       3,
       1,
       1},
      {"the scenario does not say",
       {{"s1", Truth::kOpen, At(20)}},
       {Step(5, kA), Step(40, kD), Step(50, kA)},
       2,
       0,
       0},
      {"of another shard's death",
       {{"s2", Truth::kDead, At(20)}},
       {Step(5, kA), Step(21, kD)},
       1,
       1,
       80},
      {"never reported", {{"s1", Truth::kDead, At(20)}}, {Step(5, kA)}, 0, 0, 80},
      {"before and after the time that counts",
       {},
       {Step(1, kD), Step(2, kA), Step(101, kD)},
       0,
       0,
       0},
      {"a first decision is no flip",
       {},
       {Step(5, ShardStatus::kUnknown), Step(12, kD), Step(14, kA)},
       1,
       0,
       4},
      {"the cluster is deleted: nothing is wrong; created again, it is unknown at first",
       {{"s1", Truth::kDead, At(20)}},
       {Step(5, kA), {At(21), false, {}}, {At(40), true, {}}, Step(43, kD)},
       0,
       0,
       3},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    TruthLog truth;
    for (const auto& change : row.truth) truth.Set(change.shard, change.truth, change.at);
    const Measures measures = Of(truth, row.steps);
    CHECK(measures.flips.size() == row.flips);
    CHECK(measures.unjustified() == row.unjustified);
    CHECK(measures.longest_wrong == seconds(row.wrong_s));
  }
}

TEST_CASE("measures: a truth that changes before it was reported has no answer") {
  TruthLog truth;
  truth.Set("s1", Truth::kDead, At(20));
  truth.Set("s1", Truth::kAlive, At(21));
  const Measures measures = Of(truth, {Step(5, kA)});
  REQUIRE(measures.answers.size() == 2);
  CHECK_FALSE(measures.answers[0].after.has_value());
  CHECK(measures.answers[1].after == seconds(0));
}

}  // namespace
}  // namespace zkcluster::faults
