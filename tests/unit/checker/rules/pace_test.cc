#include "checker/rules/pace.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace pace_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

// The times of the writes in a storm with one change per `every`.
std::vector<Duration> Storm(Pace& pace, TimePoint start, Duration length, Duration every) {
  std::vector<Duration> writes;
  std::size_t changes = 0;
  TimePoint next = start;
  for (TimePoint now = start; now < start + length; now += 100us) {
    for (; next <= now; next += every) ++changes;
    if (changes == 0 || pace.Wait(now) > 0ms) continue;
    pace.Wrote(now, std::exchange(changes, 0));
    writes.push_back(now - start);
  }
  return writes;
}

constexpr TimePoint kStart{1000s};

}  // namespace

TEST_CASE("pace: a single change goes out at once, at any time after the last one") {
  Pace pace;
  for (int n = 0; n < 100; ++n) {
    const TimePoint now = kStart + n * 50ms;
    CHECK(pace.Wait(now) == 0ms);
    pace.Wrote(now, 1);
  }
}

TEST_CASE("pace: the second of two changes waits a few milliseconds") {
  Pace pace;
  pace.Wrote(kStart, 1);
  CHECK(pace.Wait(kStart) == Pace::kFirst);
  CHECK(pace.Wait(kStart + 4ms) == Pace::kFirst - 4ms);
  CHECK(pace.Wait(kStart + Pace::kFirst) == 0ms);
}

TEST_CASE("pace: a storm takes a handful of writes a second, and the last one comes soon") {
  Pace pace;
  const auto writes = Storm(pace, kStart, 1s, 1ms);
  CHECK(writes == std::vector<Duration>{0ms, 10ms, 40ms, 130ms, 380ms, 630ms, 880ms});
  CHECK(pace.Wait(kStart + 1s) <= Pace::kLongest);
}

TEST_CASE("pace: changes that are close together by chance are no storm") {
  Pace pace;
  TimePoint now = kStart;
  for (int n = 0; n < 300; ++n) {  // threes, within 20 ms, twice a second
    now += n % 3 == 0 ? 480ms : 10ms;
    CHECK(pace.Wait(now) == 0ms);
    pace.Wrote(now, 1);
  }
}

TEST_CASE("pace: a hundred changes a second are gathered, twenty are not") {
  Pace pace;
  CHECK(Storm(pace, kStart, 4s, 10ms).size() <= 25);
  Pace other;
  CHECK(Storm(other, kStart, 4s, 50ms).size() == 80);
}

TEST_CASE("pace: when a storm has passed, single changes go out at once again") {
  Pace pace;
  (void)Storm(pace, kStart, 10s, 1ms);
  const TimePoint later = kStart + 11s;
  for (int n = 0; n < 3; ++n) {
    const TimePoint now = later + n * Pace::kFirst;
    CHECK(pace.Wait(now) == 0ms);
    pace.Wrote(now, 1);
  }
}

TEST_CASE("pace: one write of many changes holds back few of those that follow, for a moment") {
  Pace pace;
  pace.Wrote(kStart, 1000);
  TimePoint now = kStart;
  for (int n = 0; n < 20; ++n) {
    now += 100ms;
    CHECK(pace.Wait(now) == 0ms);
    pace.Wrote(now, 1);
  }
}

}  // namespace pace_test
