// The judge of names: when a checker has to ask the place that a name has now.
#include "tests/sim/scene_names.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "names/name_book.h"

namespace scene_names_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

// Checker c1, in its first life, and a name that moves at once.
struct Moved {
  static constexpr std::uint64_t kLife = 1;
  const std::string addr = "10.1.0.1:1";
  const std::string checker = "c1";
  SimWorld world{1};
  SimLoop process{world, "c1"};
  FakeFleet fleet{world};
  SceneNames names{world, fleet, true};
  const std::string old_place = "10.200.0.2:1";  // the first that a scene gives

  Moved() {
    names.Begin(addr);
    names.Move(addr, NameBook::kShortest);
  }
  // A probe of the place that the name had is answered now, after `gap`.
  std::optional<std::string> AsksOld(Duration gap) {
    world.RunFor(gap);
    ProbeResult result;
    result.verdict = ProbeVerdict::kAlive;
    const auto found = names.Probed(kLife, {process, checker, addr, old_place, result});
    return found ? std::optional(std::string(found->rule)) : std::nullopt;
  }
};

}  // namespace

TEST_CASE("not_followed: a checker that probes all the time has to follow a name within its TTL") {
  Moved moved;
  std::optional<std::string> found;
  Duration since{0};
  for (; !found && since < 60s; since += 1s) found = moved.AsksOld(1s);
  REQUIRE(found == "not_followed");
  CHECK(since > NameBook::kShortest);
  CHECK(since < NameBook::kShortest + 5s);
}

TEST_CASE("not_followed: a name is not asked for while the checker is away from the cluster") {
  Moved moved;
  for (Duration since{0}; since < NameBook::kShortest; since += 1s) {
    CHECK_FALSE(moved.AsksOld(1s));
  }
  // The last good address is tried first, and then it has the same time as before.
  CHECK_FALSE(moved.AsksOld(2700ms));
  for (Duration since{0}; since < NameBook::kShortest; since += 1s) {
    CHECK_FALSE(moved.AsksOld(1s));
  }
  std::optional<std::string> found;
  for (Duration since{0}; !found && since < 5s; since += 1s) found = moved.AsksOld(1s);
  CHECK(found == "not_followed");
}

}  // namespace scene_names_test
