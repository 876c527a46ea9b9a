// The order of a simulated world, compared with a slow second implementation: all remaining events,
// sorted each time.
#include "tests/fakes/event_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim::event_queue_test {
namespace {

using std::chrono::milliseconds;

struct Twin {
  TimePoint when;
  TimePoint due;
  EventQueue::Id id;
  int loop;
  bool operator<(const Twin& other) const {
    return std::tie(when, due, id) < std::tie(other.when, other.due, other.id);
  }
};

TEST_CASE("event queue: adds, cancels, puts off and brings forward as its slow twin does") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto below = [&](std::size_t bound) {
      return static_cast<std::size_t>(random()) % bound;
    };
    SimWorld world;
    SimLoop loops[2] = {SimLoop(world, "a"), SimLoop(world, "b")};
    EventQueue queue;
    std::vector<Twin> twin;
    TimePoint now;
    for (int step = 0; step < 3000; ++step) {
      const std::size_t choice = below(20);
      if (choice < 10 || twin.empty()) {
        const TimePoint when = now + milliseconds(below(50));
        const int loop = static_cast<int>(below(2));
        twin.push_back({when, when, queue.Add(when, when, &loops[loop], [] {}), loop});
      } else if (choice < 14) {
        const std::size_t i = below(twin.size());
        const auto taken = queue.Take(twin[i].id);
        CHECK(taken.id == twin[i].id);
        CHECK(taken.loop == &loops[twin[i].loop]);
        CHECK(queue.Take(twin[i].id).id == 0);  // but once
        twin.erase(twin.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (choice < 18) {
        const auto next = std::min_element(twin.begin(), twin.end());
        REQUIRE(queue.NextWhen() == next->when);
        now = next->when;
        CHECK(queue.TakeNext().id == next->id);
        twin.erase(next);
      } else if (choice < 19) {
        const auto next = std::min_element(twin.begin(), twin.end());
        CHECK(queue.NextLoop() == &loops[next->loop]);
        next->when = now + milliseconds(60);
        queue.PutOffNext(next->when);
      } else {
        queue.BringForward(&loops[0], now);
        for (Twin& event : twin) {
          if (event.loop == 0 && event.when > event.due) event.when = std::max(now, event.due);
        }
      }
      REQUIRE(queue.size() == twin.size());
    }
    const auto of_b = queue.TakeAllOf(&loops[1]);
    CHECK(of_b.size() == std::erase_if(twin, [](const Twin& event) { return event.loop == 1; }));
    std::sort(twin.begin(), twin.end());
    for (const Twin& event : twin) CHECK(queue.TakeNext().id == event.id);
    CHECK(queue.empty());
  }
}

}  // namespace
}  // namespace zkcluster::sim::event_queue_test
