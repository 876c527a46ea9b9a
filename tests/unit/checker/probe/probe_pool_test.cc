#include "checker/probe/probe_pool.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/fakes/fake_fleet.h"
#include "tests/fakes/sim_loop.h"

namespace probe_pool_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

using News = decltype(ServerReport::news);

// The opinion that a report brings; fails the test when it brings something else.
Opinion OpinionIn(const ServerReport& report) {
  const Vote* const vote = std::get_if<Vote>(&report.news);
  REQUIRE(vote != nullptr);
  return vote->opinion;
}

struct Seat {
  Seat(SimWorld& world, FakeFleet& fleet)
      : loop(world, "worker"), prober(fleet.NewProber(loop, "c1")) {}
  ~Seat() { place->Vacate(); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  Worker& worker() { return *place->worker(); }
  SimLoop loop;
  std::unique_ptr<Prober> prober;
  std::shared_ptr<WorkerSeat> place = std::make_shared<WorkerSeat>(loop);
};

struct Bench {
  explicit Bench(std::size_t count) {
    ProbePool::Seats places;
    for (std::size_t i = 0; i < count; ++i) {
      seats.push_back(std::make_unique<Seat>(world, fleet));
      places.push_back(seats.back()->place);
    }
    pool = std::make_unique<ProbePool>(main, places);
    for (const auto& seat : seats) {
      seat->place->Occupy(*seat->prober, pool->ReportFunction());
    }
  }
  ServerHandle Watch(const std::string& addr) {
    ServerToProbe server;
    server.target.addr = addr;
    return pool->Watch(server, [this](const ServerReport& report) { reports.push_back(report); });
  }

  SimWorld world;
  FakeFleet fleet{world};
  SimLoop main{world, "main"};
  std::vector<std::unique_ptr<Seat>> seats;
  std::vector<ServerReport> reports;
  std::unique_ptr<ProbePool> pool;
};

}  // namespace

TEST_CASE("pool: servers are shared out evenly, and the next goes where the load is least") {
  Bench bench(3);
  std::vector<ServerHandle> handles;
  for (int i = 0; i < 30; ++i) handles.push_back(bench.Watch("s" + std::to_string(i) + ":1"));
  CHECK(handles.front() == 1);
  CHECK(handles.back() == 30);
  bench.world.RunFor(100ms);
  for (const auto& seat : bench.seats) CHECK(seat->worker().size() == 10);
  for (std::size_t i = 0; i < 30; i += 3) bench.pool->Unwatch(handles[i]);  // all of the first seat
  for (int i = 0; i < 10; ++i) static_cast<void>(bench.Watch("t" + std::to_string(i) + ":1"));
  bench.world.RunFor(100ms);
  for (const auto& seat : bench.seats) CHECK(seat->worker().size() == 10);
}

TEST_CASE("pool: reports reach their listener with their handle, until Unwatch") {
  Bench bench(2);
  bench.fleet.Set("s1:1", Server::kUp);
  bench.fleet.Set("s2:1", Server::kUp);
  const auto s1 = bench.Watch("s1:1");
  const auto s2 = bench.Watch("s2:1");
  bench.world.RunFor(2s);
  REQUIRE(bench.reports.size() == 2);
  bench.reports.clear();
  bench.fleet.Set("s1:1", Server::kRefused);
  bench.fleet.Set("s2:1", Server::kRefused);
  bench.pool->Unwatch(s1);
  bench.world.RunFor(5s);
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].handle == s2);
  CHECK(bench.reports[0].news == News(Vote{Opinion::kDead, Reason::kRefused}));
}

TEST_CASE("unwatch: a report that is on its way already is not delivered") {
  Bench bench(1);
  bench.fleet.Set("s1:1", Server::kUp);
  const auto s1 = bench.Watch("s1:1");
  bench.main.Pause(10s);  // the worker reports into a main loop that does not run
  bench.world.RunFor(5s);
  CHECK(bench.seats[0]->worker().counters().succeeded >= 4);
  bench.pool->Unwatch(s1);
  bench.world.RunFor(10s);
  CHECK(bench.reports.empty());
}

TEST_CASE(
    "pool: a listener ends the watch of another, and the pool itself, while reports are "
    "delivered") {
  Bench bench(1);
  std::vector<ServerHandle> handles;
  std::vector<ServerHandle> reported;
  for (int i = 0; i < 3; ++i) {
    const std::string addr = "s" + std::to_string(i) + ":1";
    bench.fleet.Set(addr, Server::kUp);
    ServerToProbe server;
    server.target.addr = addr;
    handles.push_back(bench.pool->Watch(server, [&](const ServerReport& report) {
      reported.push_back(report.handle);
      for (const ServerHandle other : handles) {
        if (other != report.handle) bench.pool->Unwatch(other);
      }
      if (reported.size() == 2) bench.pool.reset();
    }));
  }
  bench.world.RunFor(2s);
  REQUIRE(reported.size() == 1);
  bench.fleet.Set("s" + std::to_string(reported[0] - 1) + ":1", Server::kRefused);
  bench.world.RunFor(5s);
  CHECK(reported.size() == 2);
  CHECK(bench.pool == nullptr);
}

TEST_CASE("pool: destroyed while tasks and reports are queued on all loops") {
  Bench bench(2);
  bench.fleet.Set("s1:1", Server::kUp);
  static_cast<void>(bench.Watch("s1:1"));
  bench.seats[0]->loop.Pause(1s);
  bool collected = false;
  bench.pool->CollectCounts([&](const WorkerCounts&) { collected = true; });
  static_cast<void>(bench.Watch("s2:1"));
  bench.pool.reset();
  bench.seats[1]->place->Vacate();
  bench.world.RunFor(5s);
  CHECK(bench.reports.empty());
  CHECK(!collected);
  CHECK(bench.seats[0]->worker().size() == 1);  // the root ends its workers
}

TEST_CASE("pool: counters are summed over the workers, also when one is gone") {
  Bench bench(3);
  for (int i = 0; i < 6; ++i) {
    const std::string addr = "s" + std::to_string(i) + ":1";
    bench.fleet.Set(addr, Server::kUp);
    static_cast<void>(bench.Watch(addr));
  }
  bench.world.RunFor(20s);
  ProbeCounters sum;
  bench.pool->CollectCounts([&](const WorkerCounts& counts) { sum = counts.Total(); });
  bench.world.RunFor(10ms);
  CHECK(sum.started >= 6 * 18);
  CHECK(sum.succeeded >= sum.started - 6);
  bench.seats[2]->place->Vacate();
  ProbeCounters rest;
  bench.pool->CollectCounts([&](const WorkerCounts& counts) { rest = counts.Total(); });
  bench.world.RunFor(10ms);
  CHECK(rest.started < sum.started);
  CHECK(rest.started > 0);
}

TEST_CASE("pool: each group is counted by itself, over all workers, until it is dropped") {
  Bench bench(2);
  const ProbeGroup good = bench.pool->NewGroup();
  const ProbeGroup bad = bench.pool->NewGroup();
  std::vector<ServerHandle> handles;
  for (int i = 0; i < 4; ++i) {
    ServerToProbe server;
    server.target.addr = "s" + std::to_string(i) + ":1";
    server.group = i % 2 == 0 ? good : bad;
    bench.fleet.Set(server.target.addr, i % 2 == 0 ? Server::kUp : Server::kRefused);
    handles.push_back(bench.pool->Watch(server, [](const ServerReport&) {}));
  }
  bench.world.RunFor(20s);
  WorkerCounts counts;
  const auto collect = [&] {
    bench.pool->CollectCounts([&](const WorkerCounts& collected) { counts = collected; });
    bench.world.RunFor(10ms);
  };
  collect();
  REQUIRE(counts.groups.size() == 2);
  CHECK(counts.groups[good].failures() == 0);
  CHECK(counts.groups[good].latency.count() == counts.groups[good].succeeded);
  CHECK(counts.groups[good].succeeded >= 2 * 18);
  CHECK(counts.groups[bad].succeeded == 0);
  CHECK(counts.groups[bad].latency.count() == 0);
  CHECK(counts.groups[bad].failed[static_cast<std::size_t>(Reason::kRefused)] ==
        counts.groups[bad].failures());
  CHECK(counts.lag.count() >= 2 * 190);           // a beat in 100 ms, of two workers
  CHECK(bench.pool->lag().count() >= 79);         // and one in 250 ms
  CHECK(bench.pool->lag().sum() == Duration(0));  // nothing is late in this world
  for (const ServerHandle handle : handles) bench.pool->Unwatch(handle);
  bench.pool->DropGroup(bad);
  collect();
  CHECK(counts.groups.size() == 1);
  CHECK(counts.groups.contains(good));
}

TEST_CASE("retune and new credentials reach the right worker; unknown handles are ignored") {
  Bench bench(2);
  bench.fleet.Set("s1:1", Server::kUp);
  bench.fleet.SetPassword("s1:1", "secret");
  const auto s1 = bench.Watch("s1:1");
  bench.world.RunFor(2s);
  REQUIRE(bench.reports.size() == 2);
  CHECK(bench.reports[0].news == News(ProbeAlarm::kNoAuth));
  bench.reports.clear();
  bench.pool->SetQuestion(s1, RedisPing{{"", "secret"}}, nullptr);
  HealthSettings settings;
  settings.interval = 100ms;
  bench.pool->Retune(s1, settings);
  bench.pool->Retune(999, settings);
  bench.pool->SetQuestion(999, {}, nullptr);
  bench.pool->Unwatch(999);
  const auto before = bench.fleet.probes("s1:1");
  bench.world.RunFor(5s);
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].news == News(ProbeAlarm::kNone));
  CHECK(bench.fleet.probes("s1:1") - before >= 35);
}

TEST_CASE(
    "stall: a report that waited for a frozen main loop is not delivered before its worker "
    "has checked for a stall") {
  Bench bench(2);
  bench.fleet.Set("s1:1", Server::kUp);
  bench.fleet.Set("s2:1", Server::kUp);
  static_cast<void>(bench.Watch("s1:1"));
  static_cast<void>(bench.Watch("s2:1"));
  std::vector<std::string> stalls;
  bench.pool->OnStall([&](std::string_view loop, Duration) { stalls.emplace_back(loop); });
  bench.world.RunFor(5s);
  bench.reports.clear();

  bench.main.Pause(20s);
  bench.fleet.Set("s1:1", Server::kRefused);
  bench.world.RunFor(5s);  // its worker has reported the death; the report waits
  bench.fleet.Set("s1:1", Server::kUp);
  for (const auto& seat : bench.seats) seat->loop.Pause(15s + 50ms);  // a little longer than main
  bench.world.RunFor(15s + 20ms);
  CHECK(bench.reports.empty());
  CHECK(stalls == std::vector<std::string>{"main"});

  bench.world.RunFor(40ms);
  REQUIRE(bench.reports.size() == 3);  // the death, and that nothing is known of either server
  CHECK(OpinionIn(bench.reports[0]) == Opinion::kDead);
  CHECK(OpinionIn(bench.reports[1]) == Opinion::kNotProbed);
  CHECK(OpinionIn(bench.reports[2]) == Opinion::kNotProbed);
  CHECK(stalls == std::vector<std::string>{"main", "worker", "worker"});
  bench.world.RunFor(5s);
  CHECK(bench.reports.size() == 5);
  CHECK(OpinionIn(bench.reports.back()) == Opinion::kAlive);
}

TEST_CASE("stall: of only the main loop delays reports, and loses none") {
  Bench bench(2);
  bench.fleet.Set("s1:1", Server::kUp);
  static_cast<void>(bench.Watch("s1:1"));
  bench.world.RunFor(5s);
  bench.reports.clear();
  bench.main.Pause(20s);
  bench.fleet.Set("s1:1", Server::kRefused);
  bench.world.RunFor(20s + 100ms);
  REQUIRE(bench.reports.size() == 1);
  CHECK(OpinionIn(bench.reports[0]) == Opinion::kDead);
}

TEST_CASE("stall: the pool is destroyed while it waits for its workers") {
  Bench bench(1);
  bench.fleet.Set("s1:1", Server::kUp);
  static_cast<void>(bench.Watch("s1:1"));
  bench.main.Pause(5s);
  bench.seats[0]->loop.Pause(6s);
  bench.world.RunFor(5500ms);
  bench.pool.reset();
  bench.world.RunFor(5s);
  CHECK(bench.reports.empty());
}

}  // namespace probe_pool_test
