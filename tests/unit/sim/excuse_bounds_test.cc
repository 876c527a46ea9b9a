// The bounds of the excuses: what is within passes, one more fails and is named, and so is an
// excuse that nobody needs any more.
#include "tests/sim/excuse_bounds.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "tests/sim/seed_pool.h"

namespace excuse_bounds_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using history::Excuse;
using history::ExcuseCounts;

namespace {

using Lines = std::vector<std::string>;

// Capped uses of one excuse.
Counters Used(Excuse excuse, std::uint64_t times) {
  Counters counters;
  counters.Add("capped excuse." + std::string(history::ExcuseName(excuse)), times);
  return counters;
}

}  // namespace

TEST_CASE("excuse bounds: each excuse has a row, in order") {
  const auto bounds = ExcuseBounds();
  REQUIRE(bounds.size() == ExcuseCounts::kSize);
  for (std::size_t i = 0; i < bounds.size(); ++i) CHECK(bounds[i].excuse == history::ExcuseAt(i));
}

TEST_CASE("excuse bounds: a use above the bound fails and is named, for each excuse") {
  for (const bool by_hand : {false, true}) {
    const ExcuseRun run{2, by_hand};
    for (const ExcuseBound& bound : ExcuseBounds()) {
      const std::string name(history::ExcuseName(bound.excuse));
      CAPTURE(name);
      const std::uint64_t allowed = Allowed(bound, run);
      CHECK((allowed > 0) == ((by_hand ? bound.by_hand : bound.usual) > 0));
      const ExcuseBound row[] = {bound};
      if (allowed > 0) CHECK(JudgeExcuses(Used(bound.excuse, allowed), run, row).empty());
      const Lines lines = JudgeExcuses(Used(bound.excuse, allowed + 1), run, row);
      REQUIRE(lines.size() == 1);
      CHECK(lines[0].starts_with("excuse " + name + ": needed "));
    }
  }
}

TEST_CASE("excuse bounds: the numbers") {
  const ExcuseBound row[] = {{Excuse::kStalled, 40, 4}};
  // 2,000 seeds: 80 are usual; a quarter more, and three times the root of 80 tens.
  CHECK(Allowed(row[0], {2, false}) == 185);
  CHECK(Allowed(row[0], {2, true}) == 37);
  CHECK(Allowed(row[0], {0, false}) == 0);
  CHECK(JudgeExcuses(Used(Excuse::kStalled, 186), {2, false}, row) ==
        Lines{"excuse stalled: needed 186 times, 80 are usual, 185 allowed"});
}

TEST_CASE("excuse bounds: an excuse that nobody needs any more fails and is named") {
  const ExcuseBound row[] = {{Excuse::kStalled, 40, 4}};
  CHECK(JudgeExcuses({}, {2, false}, row) ==
        Lines{"excuse stalled: never needed, 80 times are usual"});
  CHECK(JudgeExcuses(Used(Excuse::kStalled, 1), {2, false}, row).empty());
  // So few are usual that there may be none.
  CHECK(JudgeExcuses({}, {2, true}, row).empty());
  CHECK(JudgeExcuses({}, {0.04, false}, row).empty());
}

TEST_CASE("excuse bounds: of one seed ten uses count") {
  ExcuseCounts counts;
  counts[Excuse::kStalled] = 12;
  Counters counters;
  CountExcuses(counts, counters);
  CHECK(counters.Get("excuse.stalled") == 12);
  CHECK(counters.Get("capped excuse.stalled") == 10);
  counts[Excuse::kStalled] = 3;
  CountExcuses(counts, counters);
  CHECK(counters.Get("excuse.stalled") == 15);
  CHECK(counters.Get("capped excuse.stalled") == 13);
}

TEST_CASE("excuse bounds: what seeds need arrives where it is judged") {
  SwarmOptions options;
  options.seeds = 6;
  options.steps = 1000;
  options.jobs = 1;
  options.quiet = true;
  const SwarmResult result = RunSwarm(options);
  REQUIRE(result.failed.empty());
  // Nothing is allowed: whatever is needed fails.
  const Lines lines = JudgeExcuses(result.counters, {0, false}, ExcuseBounds());
  std::size_t needed = 0;
  for (std::size_t i = 0; i < ExcuseCounts::kSize; ++i) {
    const std::string name(history::ExcuseName(history::ExcuseAt(i)));
    needed += result.counters.Get("excuse." + name) > 0 ? 1 : 0;
  }
  CHECK(needed > 0);
  CHECK(lines.size() == needed);
}

TEST_CASE("excuse bounds: README.md has a line for each excuse, with its numbers") {
  std::ifstream in(ZKC_TESTDATA "/../sim/README.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(!text.empty());
  for (const ExcuseBound& bound : ExcuseBounds()) {
    const std::string row = fmt::format("| `{}` |", history::ExcuseName(bound.excuse));
    CAPTURE(row);
    const std::size_t begin = text.find(row);
    REQUIRE(begin != std::string::npos);
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    CHECK_MESSAGE(line.ends_with(fmt::format("| {:g} | {:g} |", bound.usual, bound.by_hand)), line);
  }
}

}  // namespace excuse_bounds_test
