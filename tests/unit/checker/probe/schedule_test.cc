#include "checker/probe/schedule.h"

#include <doctest/doctest.h>

namespace schedule_test {

using namespace zkcluster;
using namespace std::chrono_literals;

TEST_CASE("first delay: shards are spread evenly, each within its own slot") {
  for (const std::size_t count : {1U, 2U, 7U, 1000U}) {
    const Duration slot = Duration(500ms) / static_cast<Duration::rep>(count);
    for (std::size_t n = 0; n < count; ++n) {
      for (const double random : {0.0, 0.5, 0.999}) {
        const Duration delay = FirstDelay(n, count, 500ms, random);
        CHECK(delay >= slot * static_cast<Duration::rep>(n) - 1us);
        CHECK(delay <= slot * static_cast<Duration::rep>(n + 1) + 1us);
        CHECK(delay <= 500ms);
      }
    }
  }
}

TEST_CASE("first delay: no shards, and a position beyond the end") {
  CHECK(FirstDelay(0, 0, 1s, 0.5) == 0ns);
  CHECK(FirstDelay(9, 3, 900ms, 0.0) == FirstDelay(2, 3, 900ms, 0.0));
}

TEST_CASE("jitter: ten per cent to either side, the interval on average") {
  CHECK(Jittered(1s, 0.0) == 900ms);
  CHECK(Jittered(1s, 0.5) == 1s);
  CHECK(Jittered(1s, 0.9999999) <= 1100ms);
  CHECK(Jittered(1s, 0.9999999) > 1099ms);
}

TEST_CASE("stall: late turns within the limit are no stall; beyond it the whole lateness counts") {
  StallDetector stall(100ms, 500ms);
  TimePoint now = TimePoint(1h);
  CHECK(stall.Turn(now) == 0ns);  // the first turn is late for nothing
  struct Case {
    Duration away;
    Duration lateness;
  };
  for (const Case& c : {Case{0ms, 0ms}, Case{100ms, 0ms}, Case{600ms, 0ms}, Case{601ms, 501ms},
                        Case{50ms, 0ms}, Case{15s, 14900ms}, Case{100ms, 0ms}}) {
    now += c.away;
    CHECK(stall.Turn(now) == c.lateness);
  }
}

}  // namespace schedule_test
