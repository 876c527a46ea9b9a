// Clocks that are hours off: the operator's, the leader's, the next leader's. Orders hold for their
// length by ZooKeeper's clock, and statuses are dated by it.
#include <doctest/doctest.h>

#include "admin/cluster_admin.h"
#include "tests/support/settled_site.h"

namespace clock_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

struct Site : Settled {
  Site() : Settled({.shards = 3}) {}

  Result<Ordered> Give(
      const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order) {
    std::optional<Result<Ordered>> answer;
    order(editor, [&](Result<Ordered> ordered) { answer = std::move(ordered); });
    REQUIRE(world.RunUntil([&] { return answer.has_value(); }, 30s));
    return *answer;
  }
  Result<Ordered> Pause(Duration length) {
    return Give([&](ClusterAdmin& admin, auto done) {
      admin.Pause(kName, {length, "ann@ops1", "switch"}, done);
    });
  }
  // Every checker's clock but the leader's is off by another hour.
  void SetClocks(Micros leaders, Micros others) {
    for (auto& checker : checkers) checker->loop().SetWallOffset(others);
    Leader().loop().SetWallOffset(leaders);
  }
  // How long the first shard, which is dead by all votes, is still alive by its status.
  Duration TimeToFlip(Duration limit) {
    const TimePoint begun = world.now();
    REQUIRE(Reaches(kName, "DAA", limit));
    return world.now() - begun;
  }

  SimLoop ops_loop{world, "ops"};
  std::unique_ptr<zk::Client> ops = ensemble.NewClient(ops_loop, 10s);
  ClusterAdmin editor{ops_loop, *ops, kRoot};
};

}  // namespace

TEST_CASE("clocks: a pause holds for its length, whatever the clocks of operator and leader say") {
  for (const Micros ops : {Micros(-1h), Micros(0), Micros(3h)}) {
    for (const Micros leader : {Micros(-2h), Micros(0), Micros(5h)}) {
      for (const bool change : {false, true}) {
        CAPTURE(ops.count());
        CAPTURE(leader.count());
        CAPTURE(change);
        Site site;
        site.ops_loop.SetWallOffset(ops);
        site.SetClocks(leader, -leader);
        const auto ordered = site.Pause(10min);
        REQUIRE(ordered);
        const Micros truly = site.world.wall_now();
        CHECK(ordered->left.pause->since <= truly);
        CHECK(ordered->left.pause->since > truly - 1s);
        CHECK(ordered->left.pause->until == ordered->left.pause->since + 10min);
        site.Set({1}, Server::kRefused);
        site.world.RunFor(5min);
        if (change) site.KillLeader();
        const Duration left = ordered->left.pause->until - site.world.wall_now();
        const Duration took = site.TimeToFlip(30min);
        CHECK(took >= left - 10ms);
        CHECK(took <= left + 12s);
        CHECK_FALSE(site.LedgerOf(kName).pause);
      }
    }
  }
}

TEST_CASE("clocks: maintenance holds for its length, and an endless order for ever") {
  Site site;
  site.ops_loop.SetWallOffset(-3h);
  site.SetClocks(2h, -2h);
  REQUIRE(site.Give([&](ClusterAdmin& admin, auto done) {
    admin.Maintain(kName, {{.names = {"s1"}}, 20min, "ann@ops1", "memory"}, done);
  }));
  REQUIRE(site.Give([&](ClusterAdmin& admin, auto done) {
    admin.Maintain(kName, {{.names = {"s2"}}, 0s, "ann@ops1", "memory"}, done);
  }));
  const Micros until = site.LedgerOf(kName).maintenance.at("s1").until;
  site.Set({1, 2}, Server::kRefused);
  site.world.RunFor(10min);
  CHECK(site.Statuses(kName) == "AAA");
  const Duration left = until - site.world.wall_now();
  const Duration took = site.TimeToFlip(30min);
  CHECK(took >= left - 10ms);
  CHECK(took <= left + 12s);
  site.world.RunFor(2h);
  CHECK(site.Statuses(kName) == "DAA");
}

TEST_CASE("clocks: a pause before the first leader counts from its own write") {
  SimSite site;
  ClusterSpec spec = site.MakeSpec(kName, 2);
  spec.checkers = 1;
  site.Create(spec);
  SimLoop ops_loop(site.world, "ops");
  ops_loop.SetWallOffset(-4h);
  const auto ops = site.ensemble.NewClient(ops_loop, 10s);
  ClusterAdmin editor(ops_loop, *ops, SimSite::kRoot);
  std::optional<Result<Ordered>> answer;
  editor.Pause(kName, {10min, "ann@ops1", "before"},
               [&](Result<Ordered> ordered) { answer = std::move(ordered); });
  REQUIRE(site.world.RunUntil([&] { return answer.has_value(); }, 30s));
  REQUIRE(*answer);
  site.world.RunFor(6min);
  site.Start("c1").loop().SetWallOffset(7h);
  site.world.RunFor(3min);
  CHECK(site.Statuses(kName).find('A') == std::string::npos);
  CHECK(site.Reaches(kName, "AA", 90s));
}

TEST_CASE(
    "clocks: statuses are dated by ZooKeeper's clock, and the checker says that its own is off") {
  Site site;
  for (auto& checker : site.checkers) checker->loop().SetWallOffset(365 * 24h);
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAA", 10s));
  const Micros since = site.StateOf(kName, 0).since;
  CHECK(since <= site.world.wall_now());
  CHECK(since > site.world.wall_now() - 15s);
  site.world.RunFor(1min);
  for (auto& checker : site.checkers) CHECK(checker->Logged("clock.off") == 1);
  const auto ahead = site.Leader().facts().clock_ahead;
  REQUIRE(ahead);
  CHECK(*ahead >= Micros(365 * 24h));
  CHECK(*ahead < Micros(365 * 24h) + 1s);
  for (auto& checker : site.checkers) checker->loop().SetWallOffset(Micros(0));
  site.world.RunFor(1min);
  for (auto& checker : site.checkers) CHECK(checker->Logged("clock.right") == 1);
}

TEST_CASE("clocks: what is dated ahead stays so until an operator has it dated again") {
  Site site;
  // As a leader of 0.1.0 whose clock was a year ahead has left it.
  auto rows = *DecodeChunk(site.ensemble.Get(site.paths.chunk(0))->data);
  const Micros ahead = site.world.wall_now() + 365 * 24h;
  rows[0].since = ahead;
  site.ensemble.Put(site.paths.chunk(0), EncodeChunk({rows}, 0));
  site.world.RunFor(10s);
  CHECK(site.StateOf(kName, 0).since == ahead);
  CHECK(site.Leader().facts().clusters.at(kName).led->dated_ahead > Micros(364 * 24h));
  const Micros other = site.StateOf(kName, 1).since;
  REQUIRE(
      site.Give([&](ClusterAdmin& admin, auto done) { admin.Redate(kName, "ann@ops1", done); }));
  site.world.RunFor(2s);
  const Micros since = site.StateOf(kName, 0).since;
  CHECK(since <= site.world.wall_now());
  CHECK(since > site.world.wall_now() - 3s);
  CHECK(site.StateOf(kName, 1).since == other);
  CHECK_FALSE(site.LedgerOf(kName).redate);
  CHECK(site.Leader().Logged("status.redated") == 1);
  CHECK(site.Leader().facts().clusters.at(kName).led->dated_ahead == Micros(0));
  site.Set({1}, Server::kRefused);
  CHECK(site.Reaches(kName, "DAA", 5s));
}

}  // namespace clock_test
