// FakeFleet's own hooks. tests/contract compares its servers' answers with real ones.
#include "tests/fakes/fake_fleet.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim::fake_fleet_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kAddr = "10.0.0.1:1";

struct Bench {
  Bench() {
    fleet.SetResultListener([this](const FakeFleet::Ended& probe) {
      CHECK(&probe.process == &loop);
      CHECK(probe.addr == kAddr);
      results.push_back(probe.checker + " " + std::string(ReasonName(probe.result.reason)));
    });
    prober->AddTarget(1, {kAddr, {}}, [] {});
  }
  // And runs the world for this time.
  void Probe(Duration limit = seconds(1)) {
    prober->Start(1, milliseconds(300), [](const ProbeResult&) {});
    world.RunFor(limit);
  }

  SimWorld world;
  SimLoop loop{world, "c1"};
  FakeFleet fleet{world};
  std::vector<std::string> results;
  std::unique_ptr<Prober> prober = fleet.NewProber(loop, "c1");
};

TEST_CASE("fleet: a listener gets each result, but no abandoned probe") {
  Bench bench;
  bench.fleet.Set(kAddr, FakeFleet::Server::kUp);
  bench.Probe();
  bench.fleet.Set(kAddr, FakeFleet::Server::kHung);
  bench.Probe();
  bench.Probe(milliseconds(10));
  bench.prober->Abandon(1);
  bench.world.RunFor(seconds(1));
  bench.fleet.Set(kAddr, FakeFleet::Server::kRefused);
  bench.Probe();
  CHECK(bench.results == std::vector<std::string>{"c1 none", "c1 timeout", "c1 refused"});
  CHECK(bench.fleet.probes(kAddr) == 4);
}

TEST_CASE("fleet: a server that loads for a while, then serves; until it is set otherwise") {
  Bench bench;
  using Server = FakeFleet::Server;
  bench.fleet.SetFor(kAddr, Server::kLoading, seconds(5), Server::kUp);
  bench.Probe();
  bench.world.RunFor(seconds(5));
  bench.Probe();
  bench.fleet.SetFor(kAddr, Server::kLoading, seconds(5), Server::kUp);
  bench.fleet.Set(kAddr, Server::kRefused);
  bench.world.RunFor(seconds(10));
  bench.Probe();
  CHECK(bench.results == std::vector<std::string>{"c1 loading", "c1 none", "c1 refused"});
}

}  // namespace
}  // namespace zkcluster::sim::fake_fleet_test
