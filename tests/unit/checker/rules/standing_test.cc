#include "checker/rules/standing.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace standing_test {

using namespace zkcluster;

namespace {

const std::string kGuidA(32, 'a');
const std::string kGuidB(32, 'b');
const std::string kGuidC(32, 'c');

std::string Node(const std::string& id, const std::string& guid, std::int32_t sequence) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%010d", sequence);
  return CandidatePrefix(id, guid) + digits;
}

}  // namespace

TEST_CASE("standing: candidates are ordered by number, not by id") {
  const auto sorted =
      SortCandidates({Node("z", kGuidA, 3), Node("a", kGuidB, 12), Node("m", kGuidC, 7)});
  REQUIRE(sorted.size() == 3);
  CHECK(sorted[0].name.id == "z");
  CHECK(sorted[1].name.id == "m");
  CHECK(sorted[2].name.id == "a");
}

TEST_CASE("standing: foreign names are left out") {
  CHECK(SortCandidates({"n_0000000001", "", "rack-1", "x-short-0000000001"}).empty());
}

TEST_CASE("standing: the counter of ZooKeeper wraps and the order holds") {
  const auto sorted =
      SortCandidates({Node("late", kGuidA, -2147483648), Node("early", kGuidB, 2147483647)});
  REQUIRE(sorted.size() == 2);
  CHECK(sorted[0].name.id == "early");
  CHECK(sorted[1].name.id == "late");
}

TEST_CASE("standing: at the end of numbers all are equal, and each sees the same order") {
  const std::string a = Node("a", kGuidA, 2147483647);
  const std::string b = Node("b", kGuidB, 2147483647);
  const std::string c = Node("c", kGuidC, 2147483646);
  for (const auto& seen : {std::vector{a, b, c}, std::vector{b, c, a}, std::vector{c, b, a}}) {
    const auto sorted = SortCandidates(seen);
    REQUIRE(sorted.size() == 3);
    CHECK(sorted[0].node == c);
    CHECK(sorted[1].node == a);
    CHECK(sorted[2].node == b);
  }
}

TEST_CASE("standing: who follows whom") {
  const std::string first = Node("r1", kGuidA, 1);
  const std::string second = Node("r2", kGuidB, 2);
  const std::string third = Node("r3", kGuidC, 3);
  const auto sorted = SortCandidates({third, first, second});

  const auto leader = FindStanding(sorted, "r1", kGuidA, first);
  CHECK(leader.registered);
  CHECK(leader.first);
  CHECK(!leader.predecessor);

  const auto last = FindStanding(sorted, "r3", kGuidC, third);
  CHECK(last.registered);
  CHECK(!last.first);
  REQUIRE(last.predecessor);
  CHECK(last.predecessor->node == second);

  const auto stranger = FindStanding(sorted, "r4", kGuidC, "r4-nowhere");
  CHECK(!stranger.registered);
  CHECK(!stranger.first);
}

TEST_CASE("standing: a twin counts only when it came earlier") {
  const std::string early = Node("r1", kGuidA, 1);
  const std::string late = Node("r1", kGuidB, 5);
  const auto sorted = SortCandidates({early, late});
  CHECK(!FindStanding(sorted, "r1", kGuidA, early).twin);
  const auto standing = FindStanding(sorted, "r1", kGuidB, late);
  REQUIRE(standing.twin);
  CHECK(standing.twin->node == early);
}

TEST_CASE("standing: a ghost of our own guid is no twin") {
  const std::string ghost = Node("r1", kGuidA, 1);
  const std::string own = Node("r1", kGuidA, 4);
  const auto standing = FindStanding(SortCandidates({ghost, own}), "r1", kGuidA, own);
  CHECK(!standing.twin);
  REQUIRE(standing.ghosts.size() == 1);
  CHECK(standing.ghosts[0].node == ghost);
}

TEST_CASE("standing: a ghost anywhere on the circle of numbers does not make two be first") {
  const auto node = [](const std::string& id, const std::string& number) {
    return CandidatePrefix(id, std::string(32, id.back() == '1' ? 'a' : 'b')) + number;
  };
  const std::string early = node("c1", "2147483647");
  const std::string late = node("c2", "-2147483648");  // the counter has wrapped
  for (const char* number : {"0000000000", "0000000007", "2147483640", "-2147483640"}) {
    CAPTURE(number);
    const std::string ghost = CandidatePrefix("g", std::string(32, 'f')) + number;
    const auto sorted = SortCandidates({late, ghost, early});
    CHECK(sorted.size() == 3);
    const Standing second = FindStanding(sorted, "c2", std::string(32, 'b'), late);
    CHECK_FALSE(second.first);
    REQUIRE(second.predecessor);
    const auto living = SortCandidates({late, early});
    CHECK(FindStanding(living, "c1", std::string(32, 'a'), early).first);
    CHECK(FindStanding(living, "c2", std::string(32, 'b'), late).predecessor->node == early);
  }
}

}  // namespace standing_test
