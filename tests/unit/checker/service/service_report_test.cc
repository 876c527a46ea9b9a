#include "checker/service/service_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/fakes/sim_loop.h"

namespace service_report_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

// Clusters named "1", "2", ..., whose ballots are published.
void Serve(CheckerFacts& facts, std::size_t clusters) {
  facts.clusters.clear();
  for (std::size_t n = 1; n <= clusters; ++n) {
    facts.clusters[std::to_string(n)].ballot_published = true;
  }
}

struct Bench {
  explicit Bench(std::optional<Duration> watchdog = std::nullopt) {
    ServiceReport::Options options;
    options.facts = [this] { return facts; };
    options.notify = [this](const std::string& lines) { sent.push_back(lines); };
    options.watchdog = watchdog;
    options.ready = [this](const CheckerFacts&) { ++ready; };
    report = std::make_unique<ServiceReport>(loop, std::move(options));
  }
  long Count(const std::string& part) const {
    return std::count_if(sent.begin(), sent.end(), [&](const std::string& lines) {
      return lines.find(part) != std::string::npos;
    });
  }
  void BecomeReady() {
    facts.session = SessionState::kConnected;
    facts.known = true;
    for (auto& [name, cluster] : facts.clusters) cluster.ballot_published = true;
    world.RunFor(100ms);
    REQUIRE(Count("READY=1") == 1);
  }

  SimWorld world;
  SimLoop loop{world};
  CheckerFacts facts;
  std::vector<std::string> sent;
  int ready = 0;
  std::unique_ptr<ServiceReport> report;
};

}  // namespace

TEST_CASE("status line: the facts in one line") {
  CheckerFacts facts;
  facts.session = SessionState::kConnected;
  Serve(facts, 12);
  for (const char* name : {"1", "5", "12"}) facts.clusters[name].leading = true;
  facts.clusters["2"].shards = 4000;
  facts.clusters["3"].shards = 812;
  facts.clusters["2"].opinions[Opinion::kDead] = 1;
  facts.clusters["3"].opinions[Opinion::kDead] = 1;
  CHECK(StatusLine(facts, false) ==
        "leader of 3 of 12 clusters, 4,812 shards, 2 dead, session connected");
  facts.missing = 1;
  facts.clusters["1"].led.emplace().frozen = true;
  facts.clusters["5"].led.emplace().frozen = true;
  facts.clusters["12"].led.emplace().hold = Hold::kPaused;
  facts.clusters["2"].shards = 1233755;
  facts.session = SessionState::kSuspended;
  CHECK(StatusLine(facts, false) ==
        "leader of 3 of 12 clusters, 1,234,567 shards, 2 dead, 1 cluster missing, 2 clusters "
        "frozen, 1 cluster paused, session suspended");
  facts.missing = 0;
  Serve(facts, 1);
  facts.clusters["1"].shards = 1;
  CHECK(StatusLine(facts, false) == "leader of 0 of 1 cluster, 1 shard, 0 dead, session suspended");
}

TEST_CASE("status line: what a start waits for") {
  CheckerFacts facts;
  CHECK(StatusLine(facts, true) == "starting: session connecting");
  facts.session = SessionState::kConnected;
  CHECK(StatusLine(facts, true) == "starting: looking for clusters");
  facts.known = true;
  Serve(facts, 5);
  facts.clusters["2"].ballot_published = false;
  facts.clusters["4"].ballot_published = false;
  CHECK(StatusLine(facts, true) == "starting: first ballots missing in 2 of 5 clusters");
}

TEST_CASE("service: ready is sent once, and not before it is true") {
  Bench bench;
  bench.world.RunFor(5s);
  CHECK(bench.sent == std::vector<std::string>{"STATUS=starting: session connecting"});
  bench.BecomeReady();
  CHECK(bench.sent.back() ==
        "READY=1\nSTATUS=leader of 0 of 0 clusters, 0 shards, 0 dead, session connected");
  bench.facts.session = SessionState::kSuspended;
  bench.facts.known = false;
  bench.world.RunFor(5s);
  CHECK(bench.sent.back() ==
        "STATUS=leader of 0 of 0 clusters, 0 shards, 0 dead, session suspended");
  bench.facts.known = true;
  bench.world.RunFor(5s);
  CHECK(bench.Count("READY=1") == 1);
  CHECK(bench.ready == 1);
}

TEST_CASE("service: a status that stays is sent once") {
  Bench bench;
  bench.BecomeReady();
  const std::size_t before = bench.sent.size();
  bench.world.RunFor(1min);
  CHECK(bench.sent.size() == before);
  Serve(bench.facts, 1);
  bench.world.RunFor(2s);
  CHECK(bench.sent.size() == before + 1);
}

TEST_CASE("service: more time is asked for while only first ballots are missing") {
  Bench bench;
  bench.world.RunFor(1min);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC") == 0);  // no session: who waits must hear of it
  bench.facts.session = SessionState::kConnected;
  bench.facts.known = true;
  Serve(bench.facts, 1);
  bench.facts.clusters["1"].ballot_published = false;
  bench.world.RunFor(35s);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC=30000000") == 4);
  bench.facts.session = SessionState::kSuspended;
  bench.world.RunFor(1min);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC") == 4);
  bench.BecomeReady();
  bench.world.RunFor(1min);
  CHECK(bench.Count("EXTEND_TIMEOUT_USEC") == 4);
}

TEST_CASE("service: a reload is reported from beginning to end, but not during the start") {
  Bench bench;
  bench.world.RunFor(1s);
  const std::size_t starting = bench.sent.size();
  bench.report->Reloading();
  bench.report->Reloaded();
  CHECK(bench.sent.size() == starting);
  bench.BecomeReady();
  bench.report->Reloading();
  CHECK(bench.sent.back().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  Serve(bench.facts, 2);
  bench.report->Reloaded();
  CHECK(bench.sent.back() ==
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

TEST_CASE("service: stopping is the last report") {
  Bench bench;
  bench.BecomeReady();
  bench.report->Stopping("SIGTERM");
  CHECK(bench.sent.back() == "STOPPING=1\nSTATUS=leaving: SIGTERM");
  const std::size_t before = bench.sent.size();
  bench.report->Stopping("again");
  bench.report->Reloading();
  bench.report->Reloaded();
  Serve(bench.facts, 7);
  bench.world.RunFor(1min);
  CHECK(bench.sent.size() == before);
}

}  // namespace service_report_test
