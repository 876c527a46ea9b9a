// Prints what three checkers log in some simulated minutes that have everything in them: deaths, a
// storm, a freeze, a take-over, names that need quotes. Production's conductors write these lines;
// the patterns for log scrapers are tried on them (check.py).
#include <cstdio>

#include "tests/fakes/sim_checker.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

void Create(SimSite& site, const std::string& name, int shards) {
  auto spec = site.MakeSpec(name, shards);
  spec.checkers = 3;
  spec.max_dead_fraction = 0.4;
  spec.shards[1].name = "the \"odd\" = 2\\nd";
  site.Create(spec);
}

}  // namespace

int main() {
  SimSite site;
  Create(site, "sessions", 150);
  Create(site, "big carts", 4);
  for (const char* id : {"c1", "c2", "rack 3"}) site.Start(id);
  site.world.RunFor(20s);
  site.fleet.Set("10.0.0.1:2", Server::kHung);
  site.world.RunFor(60s);
  for (int i = 1; i <= 150; ++i) site.fleet.Set("10.0.0.1:" + std::to_string(i), Server::kRefused);
  site.world.RunFor(30s);
  for (int i = 1; i <= 150; ++i) site.fleet.Set("10.0.0.1:" + std::to_string(i), Server::kUp);
  site.world.RunFor(60s);
  site.ensemble.Expire(site.At(site.LeaderOf("sessions")->id).client());
  site.world.RunFor(120s);
  for (const auto& checker : site.checkers) {
    for (const std::string& line : checker->log()) std::puts(line.c_str());
  }
  return 0;
}
