#include "checker/service/service_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/fakes/sim_loop.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

struct Bench {
  explicit Bench(std::optional<Duration> watchdog = std::nullopt) {
    ServiceReport::Options options;
    options.facts = [this] { return facts; };
    options.tell = [this](const std::string& lines) { told.push_back(lines); };
    options.watchdog = watchdog;
    options.ready = [this](const ServiceFacts&) { ++ready; };
    report = std::make_unique<ServiceReport>(loop, std::move(options));
  }
  long Count(const std::string& part) const {
    return std::count_if(told.begin(), told.end(), [&](const std::string& lines) {
      return lines.find(part) != std::string::npos;
    });
  }
  void BecomeReady() {
    facts.session = SessionState::kConnected;
    facts.roster.known = true;
    facts.roster.ready = true;
    world.RunFor(100ms);
    REQUIRE(Count("READY=1") == 1);
  }

  SimWorld world;
  SimLoop loop{world};
  ServiceFacts facts;
  std::vector<std::string> told;
  int ready = 0;
  std::unique_ptr<ServiceReport> report;
};

}  // namespace

TEST_CASE("status line: the facts in one line") {
  ServiceFacts facts;
  facts.session = SessionState::kConnected;
  Roster::Summary& roster = facts.roster;
  roster.clusters = 12;
  roster.leading = 3;
  roster.shards = 4812;
  roster.dead = 2;
  CHECK(StatusLine(facts, false) ==
        "leader of 3 of 12 clusters, 4,812 shards, 2 dead, session connected");
  roster.missing = 1;
  roster.frozen = 2;
  roster.paused = 1;
  roster.shards = 1234567;
  facts.session = SessionState::kSuspended;
  CHECK(StatusLine(facts, false) ==
        "leader of 3 of 12 clusters, 1,234,567 shards, 2 dead, 1 cluster missing, 2 clusters "
        "frozen, 1 cluster paused, session suspended");
  facts.roster = {};
  roster.clusters = 1;
  roster.shards = 1;
  CHECK(StatusLine(facts, false) == "leader of 0 of 1 cluster, 1 shard, 0 dead, session suspended");
}

TEST_CASE("status line: what a start waits for") {
  ServiceFacts facts;
  CHECK(StatusLine(facts, true) == "starting: session connecting");
  facts.session = SessionState::kConnected;
  CHECK(StatusLine(facts, true) == "starting: looking for clusters");
  facts.roster.known = true;
  facts.roster.clusters = 5;
  facts.roster.unpublished = 2;
  CHECK(StatusLine(facts, true) == "starting: first ballots missing in 2 of 5 clusters");
}

TEST_CASE("service: ready is told once, and not before it is true") {
  Bench bench;
  bench.world.RunFor(5s);
  CHECK(bench.told == std::vector<std::string>{"STATUS=starting: session connecting"});
  bench.BecomeReady();
  CHECK(bench.told.back() ==
        "READY=1\nSTATUS=leader of 0 of 0 clusters, 0 shards, 0 dead, session connected");
  bench.facts.session = SessionState::kSuspended;
  bench.facts.roster.ready = false;
  bench.world.RunFor(5s);
  CHECK(bench.told.back() ==
        "STATUS=leader of 0 of 0 clusters, 0 shards, 0 dead, session suspended");
  bench.facts.roster.ready = true;
  bench.world.RunFor(5s);
  CHECK(bench.Count("READY=1") == 1);
  CHECK(bench.ready == 1);
}

TEST_CASE("service: a status that stays is told once") {
  Bench bench;
  bench.BecomeReady();
  const std::size_t before = bench.told.size();
  bench.world.RunFor(1min);
  CHECK(bench.told.size() == before);
  bench.facts.roster.dead = 1;
  bench.world.RunFor(2s);
  CHECK(bench.told.size() == before + 1);
}

TEST_CASE("service: more time is asked for while first ballots alone are missing") {
  Bench bench;
  bench.world.RunFor(1min);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC") == 0);  // no session: who waits must hear of it
  bench.facts.session = SessionState::kConnected;
  bench.facts.roster.known = true;
  bench.facts.roster.clusters = bench.facts.roster.unpublished = 1;
  bench.world.RunFor(35s);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC=30000000") == 4);
  bench.facts.session = SessionState::kSuspended;
  bench.world.RunFor(1min);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC") == 4);
  bench.BecomeReady();
  bench.world.RunFor(1min);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC") == 4);
}

TEST_CASE("service: a reload is told from beginning to end, but not during the start") {
  Bench bench;
  bench.world.RunFor(1s);
  const std::size_t starting = bench.told.size();
  bench.report->Reloading();
  bench.report->Reloaded();
  CHECK(bench.told.size() == starting);
  bench.BecomeReady();
  bench.report->Reloading();
  CHECK(bench.told.back().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  bench.facts.roster.clusters = 2;
  bench.report->Reloaded();
  CHECK(bench.told.back() ==
        "READY=1\nSTATUS=leader of 0 of 2 clusters, 0 shards, 0 dead, session connected");
}

TEST_CASE(
    "service: the watchdog is fed at half of its limit, also while leaving, not by a hung loop") {
  Bench bench(10s);
  bench.world.RunFor(100ms);
  CHECK(bench.Count("WATCHDOG=1") == 1);
  bench.BecomeReady();
  bench.world.RunFor(1min);
  CHECK(bench.Count("WATCHDOG=1") == 13);
  bench.loop.Pause(1h);
  bench.world.RunFor(1min);
  CHECK(bench.Count("WATCHDOG=1") == 13);
  bench.loop.Resume();
  bench.world.RunFor(1ms);
  CHECK(bench.Count("WATCHDOG=1") == 14);
  bench.report->Stopping("SIGTERM");
  bench.world.RunFor(5001ms);
  CHECK(bench.Count("WATCHDOG=1") == 15);
  Bench unwatched;
  unwatched.BecomeReady();
  unwatched.world.RunFor(1min);
  CHECK(unwatched.Count("WATCHDOG=1") == 0);
}

TEST_CASE("service: stopping is the last word") {
  Bench bench;
  bench.BecomeReady();
  bench.report->Stopping("SIGTERM");
  CHECK(bench.told.back() == "STOPPING=1\nSTATUS=leaving: SIGTERM");
  const std::size_t before = bench.told.size();
  bench.report->Stopping("again");
  bench.report->Reloading();
  bench.report->Reloaded();
  bench.facts.roster.dead = 7;
  bench.world.RunFor(1min);
  CHECK(bench.told.size() == before);
}
