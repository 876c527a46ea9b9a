#include "checker/quorum/pace.h"

#include <doctest/doctest.h>

#include <vector>

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

// Writes of a storm in which there is always something to write.
std::vector<Duration> Storm(Pace& pace, TimePoint start, Duration length) {
  std::vector<Duration> writes;
  for (TimePoint now = start; now < start + length; now += 1ms) {
    if (pace.Wait(now) > 0ms) continue;
    pace.Wrote(now);
    writes.push_back(now - start);
  }
  return writes;
}

constexpr TimePoint kStart{1000s};

}  // namespace

TEST_CASE("pace: a lone change goes out at once, however long ago the last one was") {
  Pace pace;
  for (int n = 0; n < 100; ++n) {
    const TimePoint now = kStart + n * 50ms;
    CHECK(pace.Wait(now) == 0ms);
    pace.Wrote(now);
  }
}

TEST_CASE("pace: the second of two changes waits a few milliseconds") {
  Pace pace;
  pace.Wrote(kStart);
  CHECK(pace.Wait(kStart) == Pace::kFirst);
  CHECK(pace.Wait(kStart + 4ms) == Pace::kFirst - 4ms);
  CHECK(pace.Wait(kStart + Pace::kFirst) == 0ms);
}

TEST_CASE("pace: a storm is a handful of writes a second, and the last one is never far") {
  Pace pace;
  const auto writes = Storm(pace, kStart, 1s);
  CHECK(writes == std::vector<Duration>{0ms, 10ms, 30ms, 70ms, 150ms, 310ms, 560ms, 810ms});
  CHECK(pace.Wait(kStart + 1s) <= Pace::kLongest);
}

TEST_CASE("pace: when a storm has passed, changes are lone again") {
  Pace pace;
  (void)Storm(pace, kStart, 10s);
  const TimePoint later = kStart + 10s + 4 * Pace::kLongest;
  CHECK(pace.Wait(later) == 0ms);
  pace.Wrote(later);
  CHECK(pace.Wait(later) == Pace::kFirst);
}
