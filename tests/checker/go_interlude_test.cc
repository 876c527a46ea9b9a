// Go checkers that decide for a while, and Go managers, with whole checkers in a simulated world:
// programs follow the Go status, nothing flips there without a quorum, and what a Go manager drops
// from a spec stays in force.
#include <doctest/doctest.h>

#include "follow/status_watcher.h"
#include "tests/support/settled_site.h"

namespace go_interlude_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

// A program that follows the cluster.
struct Program {
  explicit Program(SimSite& site)
      : loop(site.world, "program"),
        client(site.ensemble.NewClient(loop, 10s)),
        watcher(loop, *client, ClusterPaths(SimSite::kRoot, kName), false,
                {[this](const StatusWatcher::Update& update) { newest = update; },
                 [](const Error&) {}}) {}
  [[nodiscard]] std::string Statuses() const {
    return newest ? StatusLetters(newest->table->board().shards) : "none";
  }
  SimLoop loop;
  std::unique_ptr<zk::Client> client;
  std::optional<StatusWatcher::Update> newest;
  StatusWatcher watcher;
};

struct Site : Settled {
  explicit Site(const SettledOptions& options = {}) : Settled(options) { world.RunFor(1s); }

  [[nodiscard]] std::string GoNode() const { return paths.go_voters() + "/n_0000000007"; }
  // As a Go checker does: it registers, and rings.
  void GoComes() {
    ensemble.PutEphemeral(GoNode(), "{}");
    ensemble.Put(paths.go_voters(), kName);
  }
  void GoDecides(std::string_view letters) {
    StatusBoard board;
    for (const char letter : letters) {
      board.shards.push_back({.status = letter == 'A' ? ShardStatus::kAlive : ShardStatus::kDead,
                              .since = world.wall_now(),
                              .reason = Reason::kNone,
                              .counts = {}});
    }
    ensemble.Put(paths.mirror(), EncodeMirror(spec.shards, board));
  }
  void GoLeaves() { ensemble.Remove(GoNode()); }
  void KillAll() {
    while (!checkers.empty()) Kill(checkers.front()->id());
  }
  // Its three keys, then the list, then the version, as the Go manager writes.
  void GoManagerWrites(int writes = 3) {
    ClusterSpec go = spec;
    go.checkers.reset();
    go.quorum.reset();
    go.min_racks.reset();
    go.max_dead_fraction.reset();
    go.version = std::stoull(ensemble.Get(paths.base())->data) + 1;
    const SpecPayloads payloads = EncodeSpec(go);
    ensemble.Put(paths.options(), payloads.options);
    if (writes > 1) ensemble.Put(paths.shards(), payloads.shards);
    if (writes > 2) ensemble.Put(paths.base(), payloads.version);
  }
};

void QuarterMayDie(ClusterSpec& spec) {
  spec.max_dead_fraction = 0.25;
}

}  // namespace

TEST_CASE("Go comes: the head is removed, and programs follow the Go status at once") {
  Site site;
  Program program(site);
  site.world.RunFor(1s);
  REQUIRE(program.Statuses() == "AAAA");
  site.GoComes();
  REQUIRE(site.world.RunUntil([&] { return !site.ensemble.Exists(site.paths.head()); }, 2s));
  CHECK(program.Statuses() == "AAAA");
  CHECK(site.world.RunUntil([&] { return site.Leader().Logged("leader.yielded") == 1; }, 1s));
  const auto zxid = site.ensemble.zxid();
  site.GoDecides("DAAA");
  REQUIRE(site.world.RunUntil([&] { return program.Statuses() == "DAAA"; }, 1s));
  CHECK(program.newest->epoch == 0);
  // Another leader finds nothing left to do.
  site.KillLeader();
  site.world.RunFor(10s);
  CHECK(site.WritesSince(zxid, "/quorum/head") == 0);
  CHECK(site.WritesSince(zxid, "/quorum/status") == 0);
  CHECK(site.Mirrored() == "DAAA");
  // The fleet is well: three votes bring s1 back, and programs go on from there.
  site.GoLeaves();
  REQUIRE(site.world.RunUntil([&] { return site.Mirrored() == "AAAA"; }, 15s));
  REQUIRE(site.world.RunUntil([&] { return program.Statuses() == "AAAA"; }, 1s));
  CHECK(program.newest->epoch > 0);
}

TEST_CASE("Go comes: where no mirror is kept, it is written before the head goes") {
  Site site({.change = [](ClusterSpec& spec) { spec.mirror_limit = 0; }});
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 5s));
  REQUIRE_FALSE(site.ensemble.Exists(site.paths.mirror()));
  site.GoComes();
  REQUIRE(site.world.RunUntil([&] { return !site.ensemble.Exists(site.paths.head()); }, 2s));
  CHECK(site.Mirrored() == "DAAA");
  Program late(site);
  site.world.RunFor(1s);
  CHECK(late.Statuses() == "DAAA");
  site.KillAll();
  site.GoLeaves();
  site.world.RunFor(10s);
  site.Start("c1");  // one of three
  REQUIRE(site.Reaches(kName, "DAAA", 10s));
  CHECK(late.Statuses() == "DAAA");
}

TEST_CASE("Go leaves: it decided the same as we did, and programs follow the head again") {
  Site site;
  Program program(site);
  site.world.RunFor(1s);
  const std::int64_t epoch = program.newest->epoch;
  // No leader sees it: the head stays, and is older than what Go has written.
  site.KillAll();
  site.ensemble.Put(site.paths.mirror(), site.ensemble.Get(site.paths.mirror())->data);
  site.GoComes();
  REQUIRE(site.world.RunUntil([&] { return program.newest->epoch == 0; }, 2s));
  site.GoLeaves();
  site.world.RunFor(10s);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  CHECK(site.world.RunUntil([&] { return program.newest->epoch > epoch; }, 15s));
  CHECK(program.Statuses() == "AAAA");
}

TEST_CASE("Go leaves: one of three votes otherwise, and what Go decided stays") {
  Site site;
  site.GoComes();
  site.world.RunFor(1s);
  site.GoDecides("DAAA");
  const auto since =
      DecodeMirror(site.ensemble.Get(site.paths.mirror())->data)->at("10.0.0.1:1").since;
  site.world.RunFor(1s);
  const std::string leader = site.Leader().id();
  for (const char* id : {"c1", "c2", "c3"}) {
    if (leader != id) site.Kill(id);
  }
  site.world.RunFor(10s);  // until their ballots are gone
  site.GoLeaves();
  site.world.RunFor(10s);
  CHECK(site.Mirrored() == "DAAA");
  CHECK(site.Statuses(kName) == "DAAA");
  CHECK(site.StateOf(kName, 0).since == since);
}

TEST_CASE("Go leaves: in a pause, and in a freeze, what Go decided stays") {
  Site site({.shards = 8, .change = QuarterMayDie});
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  site.GoComes();
  site.world.RunFor(1s);
  site.GoDecides("DDDAAAAA");
  site.world.RunFor(1s);
  site.GoLeaves();
  site.world.RunFor(10s);
  CHECK(site.Mirrored() == "DDDAAAAA");  // three votes of three say otherwise
  site.Set({1, 2, 3, 4}, Server::kRefused);
  site.world.RunFor(10s);
  site.Order([](Ledger& ledger) { ledger.pause.reset(); });
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 5s));
  CHECK(site.Mirrored() == "DDDAAAAA");
}

TEST_CASE("Go decides while none of ours is there: programs and the next leader follow it") {
  for (const bool rewritten : {false, true}) {
    CAPTURE(rewritten);
    Site site;
    Program program(site);
    site.Set({2}, Server::kRefused);
    REQUIRE(site.Reaches(kName, "ADAA", 5s));
    const ShardState dead = site.StateOf(kName, 1);
    site.KillAll();
    site.world.RunFor(10s);
    site.GoComes();
    const auto kept = *DecodeMirror(site.ensemble.Get(site.paths.mirror())->data);
    site.GoDecides("DDAA");
    if (rewritten) {  // with the Since of what did not flip
      auto status = *DecodeMirror(site.ensemble.Get(site.paths.mirror())->data);
      StatusBoard board = FromMirror(status, site.spec.shards);
      for (std::size_t i : {1U, 2U, 3U}) {
        board.shards[i] = *FindInMirror(kept, site.spec.shards[i].addr);
      }
      site.ensemble.Put(site.paths.mirror(), EncodeMirror(site.spec.shards, board));
    }
    REQUIRE(site.world.RunUntil([&] { return program.Statuses() == "DDAA"; }, 1s));
    site.GoLeaves();
    site.world.RunFor(5s);
    Program late(site);
    site.world.RunFor(1s);
    CHECK(late.Statuses() == "DDAA");
    site.Start("c1");  // one of three
    site.world.RunFor(10s);
    REQUIRE(site.LeaderOf(kName)->id == "c1");
    CHECK(site.Statuses(kName) == "DDAA");
    CHECK(site.Mirrored() == "DDAA");
    CHECK(program.Statuses() == "DDAA");
    CHECK(late.Statuses() == "DDAA");
    if (rewritten) CHECK(site.StateOf(kName, 1) == dead);  // with reason and counts
  }
}

TEST_CASE("Go comes while none of ours is there: the next leader removes the head") {
  Site site;
  site.KillAll();
  site.world.RunFor(10s);
  site.GoComes();
  site.GoDecides("DAAA");
  site.Start("c1");
  REQUIRE(site.world.RunUntil([&] { return !site.ensemble.Exists(site.paths.head()); }, 10s));
  CHECK(site.Mirrored() == "DAAA");
}

TEST_CASE("an outsider's mirror is mended, without a Go checker") {
  Site site;
  Program program(site);
  site.GoDecides("DDDD");
  site.world.RunFor(5s);
  CHECK(site.Mirrored() == "AAAA");
  CHECK(program.Statuses() == "AAAA");
}

TEST_CASE("a Go checker that comes and goes often leaves statuses as they are") {
  Site site;
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 5s));
  const auto since = site.StateOf(kName, 0).since;
  for (int n = 0; n < 20; ++n) {
    site.GoComes();
    site.world.RunFor(n * 7ms);
    site.GoLeaves();
    site.world.RunFor(n * 11ms);
  }
  REQUIRE(site.Reaches(kName, "DAAA", 10s));
  CHECK(site.StateOf(kName, 0).since == since);
  CHECK(site.Mirrored() == "DAAA");
}

TEST_CASE("Go comes, under restricted lists: the head is removed by the leader's own right") {
  Site site({.lists = SimSite::Lists::kRestricted});
  site.GoComes();
  CHECK(site.world.RunUntil([&] { return !site.ensemble.Exists(site.paths.head()); }, 2s));
  site.GoLeaves();
  CHECK(site.Reaches(kName, "AAAA", 10s));
}

TEST_CASE("a Go manager under a freeze: no held death gets out, whatever it wrote, and who leads") {
  for (const int writes : {1, 2, 3}) {
    CAPTURE(writes);
    Site site({.shards = 8, .change = QuarterMayDie});
    site.Set({1, 2, 3, 4}, Server::kRefused);
    REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
    site.world.RunFor(5s);
    const std::string frozen = site.Statuses(kName);
    site.GoManagerWrites(writes);
    site.world.RunFor(10s);
    CHECK(site.Statuses(kName) == frozen);
    CHECK(site.LedgerOf(kName).freeze.frozen);
    CHECK(site.Leader().Logged("spec.keys_lost") == 1);
    CHECK(site.CountEvents(Event::KeysLost::kKind) == 1);
    site.KillLeader();
    site.world.RunFor(10s);
    CHECK(site.Statuses(kName) == frozen);
    CHECK(site.LedgerOf(kName).freeze.frozen);
    CHECK(site.CountEvents(Event::KeysLost::kKind) == 1);
    // Written by zkctl without them they are gone.
    ClusterSpec next = site.spec;
    next.max_dead_fraction.reset();
    site.Update(next);
    REQUIRE(site.Reaches(kName, "DDDDAAAA", 10s));
  }
}

TEST_CASE("a Go manager drops quorum and racks: they stay in force, until zkctl writes the same") {
  Site site({.checkers = 3,
             .change =
                 [](ClusterSpec& spec) {
                   spec.quorum = 3;
                   spec.min_racks = 2;
                 },
             .racks = {"r1", "r2", "r3"}});
  site.GoManagerWrites();
  site.world.RunFor(5s);
  CHECK(site.HeadOf(kName)->quorum == 3);
  // Two of three see it dead.
  site.fleet.SetReach("c1", site.spec.shards[0].addr, FakeFleet::Reach::kDropped);
  site.fleet.SetReach("c2", site.spec.shards[0].addr, FakeFleet::Reach::kDropped);
  site.world.RunFor(15s);
  CHECK(site.Statuses(kName) == "AAAA");
  const auto lost = site.LedgerOf(kName).safeguards;
  REQUIRE(lost);
  CHECK(LostWithValues(*lost) == std::vector<std::string>{"checkers=3", "min_racks=2", "quorum=3"});
  // An operator who wants them gone writes the spec as it is.
  ClusterSpec same = site.spec;
  same.checkers.reset();
  same.quorum.reset();
  same.min_racks.reset();
  site.Update(same);
  REQUIRE(site.Reaches(kName, "DAAA", 10s));
  CHECK(site.HeadOf(kName)->quorum == 2);
  CHECK_FALSE(site.LedgerOf(kName).safeguards);
}

}  // namespace go_interlude_test
