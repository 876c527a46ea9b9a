// The ensemble's clock, from the stamps of our own writes.
#include "zk/server_clock.h"

#include <doctest/doctest.h>

#include <random>

namespace server_clock_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint At(Duration time) {
  return TimePoint(time);
}

}  // namespace

TEST_CASE("server clock: nothing before the first write, then as late as its answer was") {
  zk::ServerClock clock;
  CHECK_FALSE(clock.known());
  CHECK_FALSE(clock.At(At(1s)));
  // Stamped somewhere between 10 s and 12 s of ours.
  clock.Observe(At(10s), At(12s), Micros(1'000s));
  CHECK(*clock.At(At(12s)) == Micros(1'000s));
  CHECK(*clock.At(At(15s)) == Micros(1'003s));
  // A quicker one shows that it was later.
  clock.Observe(At(20s), At(20s + 4ms), Micros(1'009s));
  CHECK(*clock.At(At(20s + 4ms)) == Micros(1'009s));
  // A slower one says nothing new.
  clock.Observe(At(30s), At(34s), Micros(1'019s));
  CHECK(*clock.At(At(34s)) == Micros(1'023s - 4ms));
}

TEST_CASE("server clock: it follows a server that is set, either way") {
  zk::ServerClock clock;
  clock.Observe(At(10s), At(10s), Micros(1'000s));
  clock.Observe(At(20s), At(20s + 5ms), Micros(4'610s));
  CHECK(*clock.At(At(20s + 5ms)) == Micros(4'610s));
  clock.Observe(At(30s), At(30s + 5ms), Micros(1'020s));
  const Micros now = *clock.At(At(30s + 5ms));
  CHECK(now >= Micros(1'020s));
  CHECK(now <= Micros(1'020s + 6ms));
}

TEST_CASE("server clock: never ahead, and behind by no more than the quickest answer took") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    zk::ServerClock clock;
    const auto ahead = Micros(static_cast<std::int64_t>(random() % 2'000'000'000'000'000));
    Duration quickest = 1h;
    Duration now = 5s;
    for (int write = 0; write < 20; ++write) {
      const Duration there = std::chrono::microseconds(random() % 300'000);
      const Duration back = std::chrono::microseconds(random() % 300'000);
      const auto stamp = std::chrono::floor<std::chrono::milliseconds>(
          std::chrono::duration_cast<Micros>(now + there) + ahead);
      clock.Observe(At(now), At(now + there + back), stamp);
      now += there + back;
      quickest = std::min(quickest, there + back);
      const Micros truly = std::chrono::duration_cast<Micros>(now) + ahead;
      CHECK(*clock.At(At(now)) <= truly);
      CHECK(*clock.At(At(now)) >= truly - std::chrono::ceil<Micros>(quickest) - 1ms);
      now += std::chrono::microseconds(random() % 5'000'000);
    }
  }
}

}  // namespace server_clock_test
