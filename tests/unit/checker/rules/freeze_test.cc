#include "checker/rules/freeze.h"

#include <doctest/doctest.h>

#include <vector>

namespace freeze_test {

using namespace zkcluster;

namespace {

constexpr Micros kNow{5'000'000};

Freeze Frozen(int dead) {
  return {true, Micros(1), dead, false, 0};
}

}  // namespace

TEST_CASE("freeze: how many may be dead, and below how many it ends") {
  struct Case {
    double fraction;
    std::size_t shards;
    std::size_t allowed;
    std::size_t thaw;
  };
  // One case per line.
  // clang-format off
  const std::vector<Case> cases = {
      {0.5, 6, 3, 3},
      {0.5, 10, 5, 4},
      {0.3, 10, 3, 3},
      {0.1, 10, 1, 1},
      {0.01, 10, 1, 1},  // one may always die
      {0.5, 1, 1, 1},
      {0.5, 3, 1, 1},
      {0.2, 1000, 200, 150},
  };
  // clang-format on
  for (const auto& test : cases) {
    CAPTURE(test.fraction);
    CAPTURE(test.shards);
    CHECK(DeadAllowed(test.fraction, test.shards) == test.allowed);
    CHECK(DeadToThaw(test.fraction, test.shards) == test.thaw);
    CHECK(DeadToThaw(test.fraction, test.shards) <= DeadAllowed(test.fraction, test.shards));
  }
}

TEST_CASE("freeze: the table of states") {
  // 20 shards, 0.5: ten may be dead; it ends below eight (7.5).
  struct Case {
    const char* what;
    Freeze before;
    std::size_t would_be_dead;
    std::size_t new_deaths;
    std::optional<double> fraction;
    Freeze after;
    bool began;
    bool ended;
    std::size_t unheard = 0;
  };
  const std::vector<Case> cases = {
      {"as many as allowed", {}, 10, 10, 0.5, {}, false, false},
      {"one more", {}, 11, 1, 0.5, {true, kNow, 11, false, 0}, true, false},
      {"too many are dead, none of them newly", {}, 15, 0, 0.5, {}, false, false},
      {"stays at the fraction", Frozen(11), 10, 3, 0.5, Frozen(11), false, false},
      {"stays at the lower bound", Frozen(11), 8, 1, 0.5, Frozen(11), false, false},
      {"ends below it", Frozen(11), 7, 7, 0.5, {}, false, true},
      {"no fraction", Frozen(11), 20, 20, std::nullopt, {}, false, true},
      {"a fraction of one", Frozen(11), 20, 20, 1.0, {}, false, true},
      {"off without a fraction", {}, 20, 20, std::nullopt, {}, false, false},
      {"accepted",
       {true, Micros(1), 11, true, 0},
       13,
       3,
       0.5,
       {false, Micros(1), 11, false, 13},
       false,
       false},
      {"as many as accepted",
       {false, Micros(1), 11, false, 13},
       13,
       1,
       0.5,
       {false, Micros(1), 11, false, 13},
       false,
       false},
      {"more than accepted",
       {false, Micros(1), 11, false, 13},
       14,
       1,
       0.5,
       {true, kNow, 14, false, 0},
       true,
       false},
      {"accepted is forgotten", {false, Micros(1), 11, false, 13}, 7, 0, 0.5, {}, false, false},
      {"accepted when it was over already",
       {true, Micros(1), 11, true, 0},
       2,
       0,
       0.5,
       {},
       false,
       false},
      {"too few have voted to end it", Frozen(11), 2, 0, 0.5, Frozen(11), false, false, 6},
      {"the few that have not voted do not matter", Frozen(11), 2, 0, 0.5, {}, false, true, 5},
      {"accepted before anybody has voted",
       {true, Micros(1), 11, true, 0},
       0,
       0,
       0.5,
       {true, Micros(1), 11, true, 0},
       false,
       false,
       20},
      {"accepted, and enough have voted",
       {true, Micros(1), 11, true, 0},
       11,
       11,
       0.5,
       {false, Micros(1), 11, false, 11},
       false,
       false,
       9},
  };
  for (const auto& test : cases) {
    CAPTURE(test.what);
    const FreezeStep step = StepFreeze(
        test.before, {20, test.would_be_dead, test.new_deaths, test.fraction, test.unheard}, kNow);
    CHECK(step.next == test.after);
    CHECK(step.began == test.began);
    CHECK(step.ended == test.ended);
  }
}

}  // namespace freeze_test
