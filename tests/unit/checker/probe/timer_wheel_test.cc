#include "checker/probe/timer_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/fakes/sim_loop.h"

namespace timer_wheel_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Id = TimerWheel::Id;

namespace {

// A wheel that records which timer fired when.
struct Bench {
  std::size_t times(Id id) const {
    return static_cast<std::size_t>(
        std::count_if(fired.begin(), fired.end(), [id](const auto& f) { return f.first == id; }));
  }

  SimWorld world;
  SimLoop loop{world};
  std::vector<std::pair<Id, TimePoint>> fired;
  std::function<void(Id)> also = [](Id) {};
  TimerWheel wheel{loop, [this](Id id, TimePoint now) {
                     CHECK(!wheel.armed(id));
                     fired.emplace_back(id, now);
                     also(id);
                   }};
};

}  // namespace

TEST_CASE("timer wheel: nobody early, nobody later than a tick, in the order of ticks") {
  std::mt19937 random(7);
  // Within one rotation, over several, and at the same moment.
  for (const Duration spread : {Duration(0ms), Duration(50ms), Duration(3s), Duration(30s)}) {
    Bench bench;
    bench.world.RunFor(123457us);
    std::vector<TimePoint> due(200);
    for (Id id = 0; id < due.size(); ++id) {
      std::uniform_int_distribution<Duration::rep> delay(0, spread.count());
      due[id] = bench.loop.Now() + Duration(delay(random));
      bench.wheel.Arm(id, due[id]);
    }
    bench.world.RunFor(spread + 1s);
    REQUIRE(bench.fired.size() == due.size());
    for (const auto& [id, at] : bench.fired) {
      CHECK(at >= due[id]);
      // A timer that is due now fires in the next tick, and many together wait for a nap.
      CHECK(at <= due[id] + 2 * TimerWheel::kTick + TimerWheel::kNap);
    }
    CHECK(std::is_sorted(bench.fired.begin(), bench.fired.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
}

TEST_CASE("timer wheel: armed again, cancelled, overdue") {
  Bench bench;
  bench.wheel.Arm(1, bench.loop.Now() + 10ms);
  bench.wheel.Arm(1, bench.loop.Now() + 500ms);
  bench.wheel.Arm(2, bench.loop.Now() + 10ms);
  CHECK(bench.wheel.armed(1));
  bench.wheel.Cancel(2);
  bench.wheel.Cancel(2);
  bench.wheel.Cancel(99);  // never seen
  CHECK(!bench.wheel.armed(2));
  bench.world.RunFor(400ms);
  CHECK(bench.fired.empty());
  bench.world.RunFor(200ms);
  REQUIRE(bench.fired.size() == 1);
  CHECK(bench.fired[0].first == 1);
  bench.wheel.Arm(1, bench.loop.Now() - 10s);
  CHECK(bench.fired.size() == 1);  // never within the call
  bench.world.RunFor(2 * TimerWheel::kTick);
  CHECK(bench.fired.size() == 2);
}

TEST_CASE("timer wheel: cancelled and armed again for the same tick fires once") {
  Bench bench;
  for (int i = 0; i < 5; ++i) {
    bench.wheel.Arm(1, bench.loop.Now() + 10ms);
    bench.wheel.Cancel(1);
    bench.wheel.Arm(1, bench.loop.Now() + 10ms);
  }
  bench.world.RunFor(100ms);
  CHECK(bench.fired.size() == 1);
}

TEST_CASE("timer wheel: a firing timer may arm and cancel any that are due with it") {
  Bench bench;
  for (Id id = 0; id < 4; ++id) bench.wheel.Arm(id, bench.loop.Now() + 10ms);
  bench.also = [&](Id id) {
    if (id != 0) return;
    bench.wheel.Cancel(1);
    bench.wheel.Cancel(2);
    bench.wheel.Arm(3, bench.loop.Now() + 100ms);
    bench.wheel.Arm(5000, bench.loop.Now() + 20ms);  // its table grows meanwhile
  };
  bench.world.RunFor(50ms);
  CHECK(bench.fired.size() == 2);
  CHECK(bench.times(5000) == 1);
  bench.world.RunFor(100ms);
  REQUIRE(bench.fired.size() == 3);
  CHECK(bench.fired[2].first == 3);
}

TEST_CASE("timer wheel: one that arms itself at once lets others have their turn") {
  Bench bench;
  bench.also = [&](Id id) {
    if (id == 1) bench.wheel.Arm(id, bench.loop.Now());
  };
  bench.wheel.Arm(1, bench.loop.Now());
  bench.wheel.Arm(2, bench.loop.Now() + 20ms);
  bench.world.RunFor(100ms);
  CHECK(bench.times(2) == 1);
  CHECK(bench.fired.size() <= 110);  // once a tick
}

TEST_CASE("timer wheel: a crowd is served in several turns, all of it") {
  Bench bench;
  for (Id id = 0; id < 2000; ++id) bench.wheel.Arm(id, bench.loop.Now() + 10ms);
  std::size_t fired_before = 0;
  bench.also = [&](Id id) {
    // Tasks posted meanwhile represent descriptors that are ready.
    if (id == 0) bench.loop.Post([&] { fired_before = bench.fired.size(); });
  };
  bench.world.RunFor(100ms);
  CHECK(bench.fired.size() == 2000);
  CHECK(fired_before >= 1);
  CHECK(fired_before <= TimerWheel::kFiredPerTurn);
}

TEST_CASE("timer wheel: many timers share turns; a single one fires in its tick") {
  Bench bench;
  bench.also = [&](Id id) { bench.wheel.Arm(id, bench.loop.Now() + 100ms); };
  for (Id id = 0; id < 1000; ++id)  // ten in each tick
    bench.wheel.Arm(id, bench.loop.Now() + 100us * static_cast<int>(id));
  bench.world.RunFor(1s);
  std::set<TimePoint> turns;
  for (const auto& [id, at] : bench.fired) turns.insert(at);
  CHECK(bench.fired.size() >= 8000);
  CHECK(turns.size() <= 260);  // of 1,000 ticks
  bench.also = [](Id) {};
  bench.world.RunFor(1s);
  bench.fired.clear();
  const TimePoint due = bench.loop.Now() + 3ms;
  bench.wheel.Arm(0, due);
  bench.world.RunFor(10ms);
  REQUIRE(bench.fired.size() == 1);
  CHECK(bench.fired[0].second <= due + TimerWheel::kTick);
}

TEST_CASE("timer wheel: timers that are always cancelled wake nobody") {
  Bench bench;
  std::size_t turns = 0;
  TimerWheel deadlines(
      bench.loop, [](Id, TimePoint) { FAIL("it was cancelled"); }, [&](Id) { ++turns; });
  // As a prober does: a deadline half a second away with each probe, and the answer at once.
  for (int i = 0; i < 10'000; ++i) {
    const auto id = static_cast<Id>(i % 100);
    deadlines.Arm(id, bench.loop.Now() + 500ms);
    deadlines.Cancel(id);
    bench.world.RunFor(1ms);
  }
  CHECK(turns == 0);
  CHECK(bench.world.steps() <= 10'100);  // RunFor's own, and about one a timeout: not one a tick
}

TEST_CASE("timer wheel: after a long sleep each overdue timer fires once") {
  Bench bench;
  for (Id id = 0; id < 50; ++id)
    bench.wheel.Arm(id, bench.loop.Now() + 100ms * static_cast<int>(id + 1));
  bench.loop.Pause(60s);
  bench.world.RunFor(61s);
  REQUIRE(bench.fired.size() == 50);
  for (Id id = 0; id < 50; ++id) CHECK(bench.times(id) == 1);
}

}  // namespace timer_wheel_test
