#include "checker/rules/hold.h"

#include <doctest/doctest.h>

namespace hold_test {

using namespace zkcluster;

TEST_CASE("guard: a live Go checker holds every decision") {
  CHECK(FindHold({}) == Hold::kNone);
  CHECK(FindHold({{"n_0000000000"}}) == Hold::kGoCheckers);
  CHECK(HoldName(Hold::kGoCheckers) == "go_checkers");
  CHECK(HoldName(Hold::kNone) == "none");
  CHECK(!HoldExplanation(Hold::kGoCheckers).empty());
}

TEST_CASE("guard: a pause holds until it is over, and a Go checker comes first") {
  const Pause forever{Micros(10), Micros(0), "ann@ops1", "switch replaced"};
  const Pause short_one{Micros(10), Micros(20), "ann@ops1", "switch replaced"};
  CHECK(FindHold({{}, forever, Micros(1'000'000)}) == Hold::kPaused);
  CHECK(FindHold({{}, short_one, Micros(19)}) == Hold::kPaused);
  CHECK(FindHold({{}, short_one, Micros(20)}) == Hold::kNone);
  CHECK(FindHold({{}, std::nullopt, Micros(19)}) == Hold::kNone);
  CHECK(FindHold({{"n_0000000000"}, forever, Micros(19)}) == Hold::kGoCheckers);
  CHECK(FindHold({{}, forever, Micros(19), true}) == Hold::kBehindStatus);
  CHECK(FindHold({{"n_0000000000"}, {}, Micros(19), true}) == Hold::kGoCheckers);
  CHECK(HoldName(Hold::kBehindStatus) == "behind_status");
  CHECK(!HoldExplanation(Hold::kBehindStatus).empty());
  CHECK(FindHold({{}, forever, Micros(19), true, true}) == Hold::kNewerSpec);
  CHECK(FindHold({{"n_0000000000"}, {}, Micros(19), true, true}) == Hold::kGoCheckers);
  CHECK(HoldName(Hold::kNewerSpec) == "newer_spec");
  CHECK(!HoldExplanation(Hold::kNewerSpec).empty());
  CHECK(HoldName(Hold::kPaused) == "paused");
  CHECK(!HoldExplanation(Hold::kPaused).empty());
}

}  // namespace hold_test
