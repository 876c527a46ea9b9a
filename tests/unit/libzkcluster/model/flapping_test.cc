#include "model/flapping.h"

#include <doctest/doctest.h>

#include "model/limits.h"

using namespace zkcluster;
using namespace std::chrono_literals;

namespace flapping_test {

constexpr FlapTimes kTimes{1s, 3s};

TEST_CASE("flapping: what a shard owes after the next death") {
  struct Case {
    int required;
    Duration lived;
    FlapTimes times;
    int next;
  };
  // One case per line.
  // clang-format off
  for (const Case& c : {
           Case{0, 0s, kTimes, 1},          // a first death
           Case{0, 1h, kTimes, 1},
           Case{1, 3s, kTimes, 2},
           Case{2, 3s, kTimes, 4},
           Case{16, 29s, kTimes, 30},       // the cap: 10 x threshold of probes
           Case{1, 2999ms, kTimes, 4},      // shorter than a threshold: that much of good probes
           Case{8, 0s, kTimes, 16},
           Case{1, 0s, {300ms, 3s}, 11},
           Case{1, 0s, {700ms, 3s}, 6},     // 5 would take 2.8 s
           Case{1, 0s, {1min, 3s}, 1},
           Case{16, 30s, kTimes, 16},       // one step forgiven
           Case{16, 90s, kTimes, 4},
           Case{16, 149s, kTimes, 2},
           Case{16, 150s, kTimes, 1},       // all of them
           Case{kMaxPenalty, 10000h, kTimes, 1},
           Case{kMaxPenalty, 0s, {kMinProbeTime, kMaxProbeTime}, kMaxPenalty},
           Case{8, 5s, {}, 1},              // times that nobody knows
       }) {
    // clang-format on
    CAPTURE(c.required);
    CAPTURE(c.lived.count());
    CAPTURE(c.times.interval.count());
    CHECK(NextPenalty(c.required, c.lived, c.times) == c.next);
  }
}

TEST_CASE("flapping: what is owed at a moment, and who flaps") {
  const Micros now{1'000'000'000};
  struct Case {
    int required;
    bool alive;
    Duration since;
    int owed;
    bool flaps;
  };
  for (const Case& c :
       {Case{1, false, 1s, 1, false}, Case{4, false, 1h, 4, true}, Case{4, true, 29s, 4, true},
        Case{4, true, 30s, 2, true}, Case{4, true, 60s, 1, false}, Case{4, true, 90s, 0, false},
        Case{4, true, -1h, 4, true}, Case{1, true, 1s, 1, false}}) {
    CAPTURE(c.required);
    CAPTURE(c.alive);
    CAPTURE(c.since.count());
    const Penalty penalty{c.required, now - std::chrono::duration_cast<Micros>(c.since)};
    CHECK(OwedPenalty(penalty, c.alive, now, 3s) == c.owed);
    CHECK(IsFlapping(OwedPenalty(penalty, c.alive, now, 3s)) == c.flaps);
  }
}

}  // namespace flapping_test
