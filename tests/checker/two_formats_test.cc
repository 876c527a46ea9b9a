// Checkers of today and of tomorrow in one cluster: a fleet is upgraded and downgraded one checker
// after the other, with leaders of both, while programs of today follow. Also the traces of a newer
// zkcluster: keys of the ledger, kinds of events, a spec that needs it.
#include <doctest/doctest.h>

#include "follow/status_watcher.h"
#include "tests/fakes/tomorrow.h"
#include "tests/support/settled_site.h"

namespace two_formats_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;
const ClusterPaths kPaths(SimSite::kRoot, kName);

// A program of today.
struct Program {
  explicit Program(SimSite& site)
      : loop(site.world, "program"),
        client(site.ensemble.NewClient(loop, 10s)),
        watcher(loop, *client, kPaths, false,
                {[this](const StatusWatcher::Update& update) { table = update.table; },
                 [](const Error&) {}}) {}
  [[nodiscard]] const StatusBoard& board() const { return table->board(); }
  SimLoop loop;
  std::unique_ptr<zk::Client> client;
  std::shared_ptr<const RoutingTable> table;
  StatusWatcher watcher;
};

struct Site : Settled {
  Site() : program(*this) { world.RunFor(1s); }

  void Restart(std::string id, int format) {  // a copy: it may be the checker's own
    Kill(id);
    SimChecker::Options options;
    options.id = id;
    options.format = format;
    Start(std::move(options));
    world.RunFor(10s);  // until its ghost is gone, and it votes
    REQUIRE(LeaderOf(kName));
  }
  // A shard dies because its server loads, and returns; all see it. Returns the reason in its row.
  Reason FlipOnce() {
    Set({1}, Server::kLoading);
    REQUIRE(Reaches(kName, "DAAA", 10s));
    world.RunFor(100ms);
    const ShardState state = StateOf(kName, 0);
    REQUIRE(program.board().shards.at(0) == state);
    Set({1}, Server::kUp);
    REQUIRE(Reaches(kName, "AAAA", 60s));
    world.RunFor(100ms);
    REQUIRE(program.board().shards.at(0) == StateOf(kName, 0));
    for (const auto& checker : checkers) {
      CHECK(checker->Logged("ballot.undecodable") == 0);
      CHECK(checker->Logged("status.undecodable") == 0);
    }
    return state.reason;
  }
  [[nodiscard]] bool Wide() const {
    return HasColumnOfTomorrow(ensemble.Get(kPaths.chunk(0))->data);
  }
  [[nodiscard]] int FormatOfLeader() { return formats.at(LeaderOf(kName)->id); }
  void RestartAs(std::string id, int format) {
    formats[id] = format;
    Restart(id, format);
  }
  std::map<std::string, int> formats = {{"c1", 1}, {"c2", 1}, {"c3", 1}};
  Program program;
};

}  // namespace

TEST_CASE("two formats: a fleet is upgraded and downgraded, with a leader of either") {
  Site site;
  const Reason tomorrow = ReasonOf(kReasonOfTomorrow);
  CHECK(site.FlipOnce() == Reason::kLoading);
  CHECK_FALSE(site.Wide());

  // Upgrade: the leader is of today, then of tomorrow, and writes for the oldest checker.
  std::set<int> led;
  for (const std::string id : {"c1", "c2"}) {
    site.RestartAs(id, 2);
    led.insert(site.FormatOfLeader());
    const Reason reason = site.FlipOnce();
    CHECK((reason == Reason::kMixed || reason == Reason::kLoading || reason == tomorrow));
    CHECK_FALSE(site.Wide());
  }
  site.RestartAs("c3", 2);
  led.insert(site.FormatOfLeader());
  CHECK(site.FormatOfLeader() == 2);
  CHECK(site.FlipOnce() == tomorrow);
  CHECK(site.Wide());

  // Downgrade: an older checker is back, and the next decision is written for it.
  site.RestartAs(site.Follower().id(), 1);
  CHECK(site.FormatOfLeader() == 2);
  site.FlipOnce();
  CHECK_FALSE(site.Wide());
  while (site.FormatOfLeader() == 2) site.RestartAs(site.LeaderOf(kName)->id, 1);
  for (const std::string id : {"c1", "c2", "c3"}) {
    if (site.formats[id] == 2) site.RestartAs(id, 1);
  }
  CHECK(site.FlipOnce() == Reason::kLoading);
  CHECK_FALSE(site.Wide());
  CHECK(led == std::set<int>{1, 2});
}

TEST_CASE("two formats: a child of `election` that no checker made does not hold the format back") {
  Site site;
  site.ensemble.Put(kPaths.election() + "/stray", "x");
  for (const std::string id : {"c1", "c2", "c3"}) site.RestartAs(id, 2);
  site.FlipOnce();
  CHECK(site.Wide());
}

TEST_CASE(
    "two formats: a leader of today takes over wide rows, and rewrites them with their flips") {
  Site site;
  for (const std::string id : {"c1", "c2", "c3"}) site.RestartAs(id, 2);
  site.FlipOnce();
  REQUIRE(site.Wide());
  const auto before = site.ensemble.Get(kPaths.chunk(0))->stat.version;
  for (const std::string id : {"c1", "c2", "c3"}) site.Kill(id);
  for (const std::string id : {"c1", "c2", "c3"}) {
    SimChecker::Options options;
    options.id = id;
    site.Start(std::move(options));
  }
  site.world.RunFor(20s);
  // The same rows are not worth a write.
  CHECK(site.Wide());
  CHECK(site.ensemble.Get(kPaths.chunk(0))->stat.version == before);
  site.FlipOnce();
  CHECK_FALSE(site.Wide());
}

TEST_CASE(
    "two formats: a reason of tomorrow is decided, journalled and shown by checkers of today") {
  Site site;
  site.RestartAs("c1", 2);
  site.RestartAs("c2", 2);
  // The one checker of today leads, and does not see the shard die.
  site.fleet.SetReach("c3", site.spec.shards[0].addr, FakeFleet::Reach::kOpen);
  while (site.LeaderOf(kName)->id != "c3") {
    const std::string leader = site.LeaderOf(kName)->id;
    site.RestartAs(leader, 2);
  }
  site.fleet.SetReach("c3", site.spec.shards[0].addr, FakeFleet::Reach::kNoRoute);
  site.world.RunFor(2s);
  site.Set({1}, Server::kLoading);
  REQUIRE(site.Reaches(kName, "DAAA", 10s));
  site.world.RunFor(100ms);  // until the leader has its answer
  CHECK(site.StateOf(kName, 0).reason == ReasonOf(kReasonOfTomorrow));
  CHECK(ReasonName(site.StateOf(kName, 0).reason) == kReasonOfTomorrow);
  const auto journal = site.Journal();
  const auto* const flips = journal.back().As<Event::Flips>();
  REQUIRE(flips != nullptr);
  CHECK(ReasonName(flips->flips.back().reason) == kReasonOfTomorrow);
  CHECK(std::any_of(site.At("c3").log().begin(), site.At("c3").log().end(), [](const auto& line) {
    return line.find("event=shard.dead") != std::string::npos &&
           line.find("reason=loading_of_tomorrow") != std::string::npos;
  }));
}

TEST_CASE("newer: leaders and orders keep unknown keys of the ledger") {
  Site site;
  const auto node = site.ensemble.Get(kPaths.ledger());
  std::string bytes = node->data;
  bytes.insert(bytes.size() - 1, R"(,"Budget":{"Left":1.50,"Of":[ 3 ]})");
  site.ensemble.Put(kPaths.ledger(), bytes);
  site.world.RunFor(1s);
  site.Order([](Ledger& ledger) {
    ledger.pause = Pause{Micros(1), Micros(2), "ann@ops1", "x", R"("Scope":{"Racks":["r1"]})"};
  });
  site.FlipOnce();  // the leader ends the pause, whose time is over, and adds a penalty
  const Ledger ledger = site.LedgerOf(kName);
  CHECK_FALSE(ledger.pause);
  CHECK(ledger.penalties.size() == 1);
  CHECK(ledger.unknown_keys == R"("Budget":{"Left":1.50,"Of":[ 3 ]})");
}

TEST_CASE("newer: an event of an unknown kind has the epoch when `leader` is gone") {
  Site site;
  const std::int64_t epoch = site.LeaderOf(kName)->epoch;
  REQUIRE(site.ensemble.Commit({zk::CreateOp{
      kPaths.event_prefix(), R"({"Kind":"promotion","At":5,"Epoch":77,"To":"10.0.0.9:1"})",
      zk::CreateMode::kPersistentSequential}}));
  site.ensemble.Remove(kPaths.head());
  site.ensemble.Remove(kPaths.leader());
  REQUIRE(site.world.RunUntil(
      [&] { return site.LeaderOf(kName) && site.LeaderOf(kName)->epoch > epoch; }, 30s));
  CHECK(site.LeaderOf(kName)->epoch > 77);
}

TEST_CASE("newer: nothing is decided, overwritten or forgotten while the spec needs a newer one") {
  Site site;
  const auto options = site.ensemble.Get(kPaths.options())->data;
  std::string newer = options;
  newer.insert(newer.size() - 1, R"(,"Needs":["replicas"])");
  site.ensemble.Put(kPaths.options(), newer);
  site.world.RunFor(1s);
  const auto writes = site.ensemble.zxid();
  site.Set({1}, Server::kRefused);
  site.world.RunFor(30s);
  CHECK(site.WritesSince(writes, "/quorum/status") == 0);
  CHECK(site.WritesSince(writes, "/quorum/head") == 0);
  CHECK(site.WritesSince(writes, "/quorum/ledger") == 0);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.Leader().Logged("leader.hold") == 1);
  CHECK(site.Leader().facts(kName).led->hold == Hold::kNewerSpec);
  // A new leader has no spec that it could use.
  site.Restart(site.Follower().id(), 1);
  for (const auto& checker : site.checkers) CHECK(checker->Logged("spec.bad") == 1);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.program.table->spec().shards.size() == 4);
  site.ensemble.Put(kPaths.options(), options);
  CHECK(site.Reaches(kName, "DAAA", 10s));
}

}  // namespace two_formats_test
