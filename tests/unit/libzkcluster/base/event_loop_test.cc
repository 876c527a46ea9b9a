#include "base/event_loop.h"

#include <doctest/doctest.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/sim_loop.h"

namespace zkcluster::event_loop_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLimit = seconds(20);

// The contract of Loop, held by both implementations.
struct RealLoop {
  EventLoop loop;
  bool RunUntil(const std::function<bool()>& done) { return loop.RunUntil(done, kLimit); }
};
struct VirtualLoop {
  sim::SimWorld world;
  sim::SimLoop loop{world};
  bool RunUntil(const std::function<bool()>& done) { return world.RunUntil(done, kLimit); }
};

TEST_CASE_TEMPLATE("timers: fire in the order of their deadlines, never early", T, RealLoop,
                   VirtualLoop) {
  T t;
  std::vector<int> order;
  std::vector<Duration> late;
  std::vector<std::unique_ptr<Timer>> timers;
  for (const int ms : {30, 10, 20, 0}) {
    const TimePoint due = t.loop.Now() + milliseconds(ms);
    timers.push_back(t.loop.NewTimer([&, ms, due] {
      order.push_back(ms);
      late.push_back(t.loop.Now() - due);
    }));
    timers.back()->Arm(milliseconds(ms));
  }
  CHECK(order.empty());
  CHECK(timers[0]->armed());
  REQUIRE(t.RunUntil([&] { return order.size() == 4; }));
  CHECK(order == std::vector<int>{0, 10, 20, 30});
  for (const Duration d : late) CHECK(d >= Duration::zero());
  CHECK_FALSE(timers[0]->armed());
}

TEST_CASE_TEMPLATE("timers: arming again replaces, cancelling and destroying silence", T, RealLoop,
                   VirtualLoop) {
  T t;
  int replaced = 0;
  int silent = 0;
  auto again = t.loop.NewTimer([&] { ++replaced; });
  auto cancelled = t.loop.NewTimer([&] { ++silent; });
  auto destroyed = t.loop.NewTimer([&] { ++silent; });
  again->Arm(milliseconds(1));
  again->Arm(milliseconds(5));
  cancelled->Arm(milliseconds(1));
  cancelled->Cancel();
  CHECK_FALSE(cancelled->armed());
  destroyed->Arm(milliseconds(1));
  destroyed.reset();
  bool end = false;
  const auto last = t.loop.NewTimer([&] { end = true; });
  last->Arm(milliseconds(20));
  REQUIRE(t.RunUntil([&] { return end; }));
  CHECK(replaced == 1);
  CHECK(silent == 0);
}

TEST_CASE_TEMPLATE("timers: a callback may arm its timer again and may destroy it", T, RealLoop,
                   VirtualLoop) {
  T t;
  int runs = 0;
  std::unique_ptr<Timer> timer;
  const std::string captured(100, 'x');
  std::string seen_after;
  timer = t.loop.NewTimer([&, captured] {
    if (++runs < 3) return timer->Arm(milliseconds(-1));
    timer.reset();
    seen_after = captured;  // what the callback holds is still there
  });
  timer->Arm(Duration::zero());
  CHECK(runs == 0);
  REQUIRE(t.RunUntil([&] { return timer == nullptr; }));
  CHECK(runs == 3);
  CHECK(seen_after == captured);
}

TEST_CASE_TEMPLATE("post: in order, in a later turn, also from within a task", T, RealLoop,
                   VirtualLoop) {
  T t;
  std::vector<int> order;
  for (int i = 0; i < 300; ++i) t.loop.Post([&, i] { order.push_back(i); });
  t.loop.Post([&] {
    t.loop.Post([&] { order.push_back(301); });
    order.push_back(300);
  });
  CHECK(order.empty());
  REQUIRE(t.RunUntil([&] { return order.size() == 302; }));
  for (int i = 0; i < 302; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE_TEMPLATE("random: within [0, 1), not always the same", T, RealLoop, VirtualLoop) {
  T t;
  double low = 1;
  double high = 0;
  for (int i = 0; i < 1000; ++i) {
    const double r = t.loop.Random();
    low = std::min(low, r);
    high = std::max(high, r);
  }
  CHECK(low >= 0);
  CHECK(high < 1);
  CHECK(low < 0.1);
  CHECK(high > 0.9);
}

TEST_CASE("post: a task that posts itself for ever leaves timers their turn") {
  EventLoop loop;
  std::function<void()> again = [&] { loop.Post(again); };
  for (int i = 0; i < 1000; ++i) again();
  bool fired = false;
  const auto timer = loop.NewTimer([&] { fired = true; });
  timer->Arm(milliseconds(5));
  CHECK(loop.RunUntil([&] { return fired; }, kLimit));
}

TEST_CASE("post: from many threads nothing is lost and each thread's order is kept") {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  std::vector<std::vector<int>> seen(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) loop.Post([&seen, t, i] { seen[t].push_back(i); });
    });
  }
  CHECK(loop.RunUntil(
      [&] {
        return std::all_of(seen.begin(), seen.end(),
                           [](const auto& s) { return s.size() == kTasks; });
      },
      kLimit));
  for (auto& thread : threads) thread.join();
  for (const auto& s : seen) CHECK(std::is_sorted(s.begin(), s.end()));
}

TEST_CASE("post: tasks of a loop that has ended are dropped unrun, with what they hold") {
  const auto held = std::make_shared<int>(1);
  bool ran = false;
  {
    EventLoop loop;
    loop.Post([&ran, held] { ran = true; });
    const std::shared_ptr<Timer> timer = loop.NewTimer([] {});
    timer->Arm(seconds(1));
    loop.Post([timer] {});  // a timer of the loop itself goes before the loop does
  }
  CHECK_FALSE(ran);
  CHECK(held.use_count() == 1);
}

TEST_CASE("stop: before run, from a task, from another thread") {
  EventLoop loop;
  loop.Stop();
  loop.Run();
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  std::atomic<bool> running = false;
  std::thread stopper([&] {
    while (!running) std::this_thread::yield();
    loop.Stop();
  });
  loop.Post([&] { running = true; });
  loop.Run();
  stopper.join();
}

TEST_CASE("run until: says whether it was so") {
  EventLoop loop;
  CHECK(loop.RunUntil([] { return true; }, kLimit));
  CHECK_FALSE(loop.RunUntil([] { return false; }, milliseconds(5)));
}

TEST_CASE("signals: reported on the loop, until the handle is gone") {
  EventLoop loop;
  int first = 0;
  int second = 0;
  auto handle = loop.OnSignal(SIGUSR1, [&] { ++first; });
  const auto other = loop.OnSignal(SIGUSR1, [&] { ++second; });
  raise(SIGUSR1);
  CHECK(first == 0);
  REQUIRE(loop.RunUntil([&] { return first == 1 && second == 1; }, kLimit));
  handle.reset();
  raise(SIGUSR1);
  REQUIRE(loop.RunUntil([&] { return second == 2; }, kLimit));
  CHECK(first == 1);
}

TEST_CASE("exception in a callback: the process ends with its message, not the C library") {
  for (const bool in_timer : {false, true}) {
    int out[2];
    REQUIRE(pipe(out) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      signal(SIGABRT, SIG_DFL);  // doctest would report it as its own
      dup2(out[1], STDERR_FILENO);
      EventLoop loop;
      const auto fail = [] { throw std::runtime_error("the flux ran out"); };
      const auto timer = loop.NewTimer(fail);
      if (in_timer) {
        timer->Arm(Duration::zero());
      } else {
        loop.Post(fail);
      }
      loop.RunUntil([] { return false; }, seconds(5));
      _exit(0);
    }
    close(out[1]);
    std::string text;
    char buffer[512];
    for (ssize_t n = 0; (n = read(out[0], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
    }
    close(out[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK(text.find("the flux ran out") != std::string::npos);
  }
}

TEST_CASE("simulated pause: what fell due meanwhile runs late, in the order it was due") {
  sim::SimWorld world(7);
  sim::SimLoop stopped(world, "stopped");
  sim::SimLoop other(world, "other");
  const TimePoint begin = world.now();
  std::vector<std::string> order;
  const auto note = [&](const std::string& what) {
    order.push_back(what + "@" + std::to_string((world.now() - begin) / milliseconds(1)));
  };
  const auto late2 = stopped.NewTimer([&] { note("late2"); });
  const auto late1 = stopped.NewTimer([&] { note("late1"); });
  const auto on_time = other.NewTimer([&] { note("other"); });
  late2->Arm(milliseconds(20));
  late1->Arm(milliseconds(10));
  on_time->Arm(milliseconds(15));
  stopped.Pause(milliseconds(100));
  stopped.Post([&] { note("post"); });
  world.RunFor(milliseconds(99));
  CHECK(order == std::vector<std::string>{"other@15"});
  world.RunFor(milliseconds(1));
  CHECK(order == std::vector<std::string>{"other@15", "post@100", "late1@100", "late2@100"});

  order.clear();
  late1->Arm(milliseconds(5));
  stopped.Pause(seconds(10));
  world.RunFor(milliseconds(20));
  stopped.Resume();
  world.RunFor(Duration::zero());
  CHECK(order == std::vector<std::string>{"late1@120"});
}

TEST_CASE("simulated process is destroyed: its timers, posts and deliveries never run") {
  sim::SimWorld world;
  bool ran = false;
  {
    sim::SimLoop loop(world);
    loop.Post([&] { ran = true; });
    world.After(milliseconds(1), &loop, [&] { ran = true; });
  }
  world.RunFor(seconds(1));
  CHECK_FALSE(ran);
}

TEST_CASE("simulated wall clock: each process has its own, time passes alike") {
  sim::SimWorld world;
  sim::SimLoop right(world);
  sim::SimLoop wrong(world);
  wrong.SetWallOffset(-std::chrono::hours(1));
  CHECK(right.WallNow() - wrong.WallNow() == std::chrono::hours(1));
  const Micros before = wrong.WallNow();
  world.RunFor(seconds(3));
  CHECK(wrong.WallNow() - before == seconds(3));
  CHECK(right.Now() == wrong.Now());
}

TEST_CASE("simulation: the same seed gives the same run, another seed another one") {
  const auto run = [](std::uint64_t seed) {
    sim::SimWorld world(seed);
    sim::SimLoop a(world), b(world);
    std::vector<double> draws;
    std::vector<std::unique_ptr<Timer>> timers;
    for (sim::SimLoop* loop : {&a, &b}) {
      timers.push_back(loop->NewTimer([&draws, &timers, loop, i = timers.size()] {
        draws.push_back(loop->Random());
        timers[i]->Arm(loop->world().Between(milliseconds(1), milliseconds(9)));
      }));
      timers.back()->Arm(loop->world().Between(milliseconds(1), milliseconds(9)));
    }
    world.RunFor(milliseconds(200));
    return draws;
  };
  CHECK(run(5) == run(5));
  CHECK(run(5) != run(6));
}

}  // namespace
}  // namespace zkcluster::event_loop_test
