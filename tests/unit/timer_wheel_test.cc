#include "checker/probe/timer_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "tests/fakes/sim_loop.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

struct Named : TimerWheel::Entry {
  explicit Named(int n) : name(n) {}
  int name;
};

// A wheel that notes who fired when.
struct Bench {
  SimWorld world;
  SimLoop loop{world};
  std::vector<std::pair<int, TimePoint>> fired;
  std::function<void(Named&)> also = [](Named&) {};
  TimerWheel wheel{loop, [this](TimerWheel::Entry& entry, TimePoint now) {
                     auto& named = static_cast<Named&>(entry);
                     CHECK(!named.armed());
                     fired.emplace_back(named.name, now);
                     also(named);
                   }};
};

}  // namespace

TEST_CASE("timer wheel: nobody early, nobody later than a tick, in the order of ticks") {
  std::mt19937 random(7);
  // Within one rotation, over several, and at the same moment.
  for (const Duration spread : {Duration(0ms), Duration(50ms), Duration(3s), Duration(30s)}) {
    Bench bench;
    bench.world.RunFor(123457us);
    std::vector<std::unique_ptr<Named>> entries;
    std::vector<TimePoint> due(200);
    for (int i = 0; i < 200; ++i) {
      entries.push_back(std::make_unique<Named>(i));
      std::uniform_int_distribution<Duration::rep> delay(0, spread.count());
      due.at(static_cast<std::size_t>(i)) = bench.loop.Now() + Duration(delay(random));
      bench.wheel.Arm(*entries.back(), due.at(static_cast<std::size_t>(i)));
    }
    bench.world.RunFor(spread + 1s);
    REQUIRE(bench.fired.size() == entries.size());
    for (const auto& [name, at] : bench.fired) {
      CHECK(at >= due.at(static_cast<std::size_t>(name)));
      // One that is due now has its turn in the next tick, and a crowd waits for a nap.
      CHECK(at <=
            due.at(static_cast<std::size_t>(name)) + 2 * TimerWheel::kTick + TimerWheel::kNap);
    }
    CHECK(std::is_sorted(bench.fired.begin(), bench.fired.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
}

TEST_CASE("timer wheel: armed anew, cancelled, destroyed") {
  Bench bench;
  Named again(1);
  Named cancelled(2);
  auto gone = std::make_unique<Named>(3);
  bench.wheel.Arm(again, bench.loop.Now() + 10ms);
  bench.wheel.Arm(again, bench.loop.Now() + 500ms);
  bench.wheel.Arm(cancelled, bench.loop.Now() + 10ms);
  bench.wheel.Arm(*gone, bench.loop.Now() + 10ms);
  CHECK(again.armed());
  TimerWheel::Cancel(cancelled);
  TimerWheel::Cancel(cancelled);
  CHECK(!cancelled.armed());
  gone.reset();
  bench.world.RunFor(400ms);
  CHECK(bench.fired.empty());
  bench.world.RunFor(200ms);
  REQUIRE(bench.fired.size() == 1);
  CHECK(bench.fired[0].first == 1);
  bench.wheel.Arm(again, bench.loop.Now() - 10s);  // overdue
  CHECK(bench.fired.size() == 1);                  // never within the call
  bench.world.RunFor(2 * TimerWheel::kTick);
  CHECK(bench.fired.size() == 2);
}

TEST_CASE("timer wheel: who fires may arm, cancel and destroy any of those that are due with it") {
  Bench bench;
  std::array<std::optional<Named>, 4> entries;
  for (std::size_t i = 0; i < 4; ++i)
    bench.wheel.Arm(entries[i].emplace(static_cast<int>(i)), bench.loop.Now() + 10ms);
  bench.also = [&](Named& named) {
    if (named.name != 0) return;
    entries[1].reset();
    TimerWheel::Cancel(*entries[2]);
    bench.wheel.Arm(*entries[3], bench.loop.Now() + 100ms);
    entries[0].reset();
  };
  bench.world.RunFor(50ms);
  CHECK(bench.fired.size() == 1);
  bench.world.RunFor(100ms);
  REQUIRE(bench.fired.size() == 2);
  CHECK(bench.fired[1].first == 3);
}

TEST_CASE("timer wheel: one that arms itself at once lets others have their turn") {
  Bench bench;
  Named greedy(1);
  Named other(2);
  bench.also = [&](Named& named) {
    if (named.name == 1) bench.wheel.Arm(named, bench.loop.Now());
  };
  bench.wheel.Arm(greedy, bench.loop.Now());
  bench.wheel.Arm(other, bench.loop.Now() + 20ms);
  bench.world.RunFor(100ms);
  CHECK(std::count_if(bench.fired.begin(), bench.fired.end(),
                      [](const auto& f) { return f.first == 2; }) == 1);
  CHECK(bench.fired.size() <= 110);  // once a tick
}

TEST_CASE("timer wheel: a crowd is served in several turns, all of it") {
  Bench bench;
  std::vector<std::unique_ptr<Named>> entries;
  for (int i = 0; i < 2000; ++i) {
    entries.push_back(std::make_unique<Named>(i));
    bench.wheel.Arm(*entries.back(), bench.loop.Now() + 10ms);
  }
  std::size_t turns_between = 0;
  bench.also = [&](Named& named) {
    // Tasks posted meanwhile stand for descriptors that are ready.
    if (named.name == 0) bench.loop.Post([&] { turns_between = bench.fired.size(); });
  };
  bench.world.RunFor(100ms);
  CHECK(bench.fired.size() == 2000);
  CHECK(turns_between >= 1);
  CHECK(turns_between <= TimerWheel::kFiredPerTurn);
}

TEST_CASE("timer wheel: a crowd that goes on shares turns; one alone is served in its tick") {
  Bench bench;
  std::vector<std::unique_ptr<Named>> entries;
  const auto turns = [&] {
    std::set<TimePoint> times;
    for (const auto& [name, at] : bench.fired) times.insert(at);
    return times.size();
  };
  bench.also = [&](Named& named) { bench.wheel.Arm(named, bench.loop.Now() + 100ms); };
  for (int i = 0; i < 1000; ++i) {  // ten in each tick
    entries.push_back(std::make_unique<Named>(i));
    bench.wheel.Arm(*entries.back(), bench.loop.Now() + 100us * i);
  }
  bench.world.RunFor(1s);
  CHECK(bench.fired.size() >= 8000);
  CHECK(turns() <= 260);  // of 1,000 ticks
  entries.resize(10);
  bench.world.RunFor(1s);
  bench.fired.clear();
  bench.also = [](Named&) {};
  bench.world.RunFor(1s);
  bench.fired.clear();
  const TimePoint due = bench.loop.Now() + 3ms;
  bench.wheel.Arm(*entries[0], due);
  bench.world.RunFor(10ms);
  REQUIRE(bench.fired.size() == 1);
  CHECK(bench.fired[0].second <= due + TimerWheel::kTick);
}

TEST_CASE("timer wheel: after a long sleep whoever is overdue fires once, in order") {
  Bench bench;
  std::vector<std::unique_ptr<Named>> entries;
  for (int i = 0; i < 50; ++i) {
    entries.push_back(std::make_unique<Named>(i));
    bench.wheel.Arm(*entries.back(), bench.loop.Now() + 100ms * (i + 1));
  }
  bench.loop.Pause(60s);
  bench.world.RunFor(61s);
  REQUIRE(bench.fired.size() == 50);
}
