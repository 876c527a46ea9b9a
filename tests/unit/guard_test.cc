#include "checker/quorum/guard.h"

#include <doctest/doctest.h>

using namespace zkcluster;

TEST_CASE("guard: a live Go checker holds every decision") {
  CHECK(FindHold({}) == Hold::kNone);
  CHECK(FindHold({{"n_0000000000"}}) == Hold::kGoCheckers);
  CHECK(HoldName(Hold::kGoCheckers) == "go_checkers");
  CHECK(HoldName(Hold::kNone) == "none");
  CHECK(!HoldExplanation(Hold::kGoCheckers).empty());
}
