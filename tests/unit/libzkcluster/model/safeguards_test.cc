#include "model/safeguards.h"

#include <doctest/doctest.h>

namespace safeguards_test {

using namespace zkcluster;

namespace {

ClusterSpec Strict() {
  ClusterSpec spec;
  spec.quorum = 3;
  spec.min_racks = 2;
  spec.max_dead_fraction = 0.25;
  return spec;
}

}  // namespace

TEST_CASE("safeguards: a spec of one write has what it says, and no more") {
  const Safeguards remembered = SafeguardsInForce(Strict(), true, std::nullopt);
  CHECK(remembered.quorum == 3);
  CHECK(remembered.lost.empty());
  CHECK(SafeguardsInForce(ClusterSpec{}, true, remembered) == Safeguards{});
  CHECK_FALSE(Safeguards{}.any());
}

TEST_CASE("safeguards: a spec in pieces keeps what it lacks, and what it says holds") {
  const Safeguards remembered = SafeguardsInForce(Strict(), true, std::nullopt);
  ClusterSpec pieces;
  pieces.quorum = 2;
  const Safeguards now = SafeguardsInForce(pieces, false, remembered);
  CHECK(now.quorum == 2);
  CHECK(now.min_racks == 2);
  CHECK(now.max_dead_fraction == 0.25);
  CHECK(LostWithValues(now) == std::vector<std::string>{"max_dead_fraction=0.25", "min_racks=2"});
  CHECK(LostWithValues(now, {"min_racks"}) == std::vector<std::string>{"max_dead_fraction=0.25"});
  // As long as nobody writes it whole.
  CHECK(SafeguardsInForce(pieces, false, now) == now);
  CHECK(WithSafeguards({}, now).min_racks == 2);
}

TEST_CASE("safeguards: a Go cluster of which nothing is remembered has none") {
  CHECK(SafeguardsInForce(ClusterSpec{}, false, std::nullopt) == Safeguards{});
}

}  // namespace safeguards_test
