// Writes and removals by an outsider that leave everything, or the rest, readable: numbers at the
// limit of their type, a head of a future epoch, one chunk of several. Also orders and changes of
// the spec at the same time. The leader and the programs go on.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "follow/status_watcher.h"
#include "tests/fakes/sim_checker.h"

namespace foreign_writes_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = "sessions";
const ClusterPaths kPaths(SimSite::kRoot, kName);
constexpr auto kLast = std::numeric_limits<std::int64_t>::max();

// Three checkers that have decided that all shards live, and a program that follows.
struct Site : SimSite {
  explicit Site(int shards = 6, const std::function<void(ClusterSpec&)>& change = nullptr)
      : loop(world, "program"), client(ensemble.NewClient(loop, 4s)) {
    spec = MakeSpec(kName, shards);
    spec.checkers = 3;
    if (change) change(spec);
    Create(spec);
    for (const char* id : {"c1", "c2", "c3"}) Start(id);
    REQUIRE(Reaches(kName, std::string(static_cast<std::size_t>(shards), 'A'), 20s));
    REQUIRE(world.RunUntil([&] { return LedgerOf(kName).electorate.size() == 3; }, 10s));
    StatusWatcher::Callbacks callbacks;
    callbacks.updated = [this](const StatusWatcher::Update& update) { table = update.table; };
    callbacks.troubled = [](const Error&) {};
    watcher = std::make_unique<StatusWatcher>(loop, *client, kPaths, false, callbacks);
    REQUIRE(world.RunUntil([&] { return table != nullptr; }, 10s));
    world.RunFor(1s);
  }
  void Set(std::initializer_list<int> shards, Server server) {
    for (const int shard : shards) fleet.Set("10.0.0.1:" + std::to_string(shard), server);
  }
  void Order(const std::function<void(Ledger&)>& change) {
    const auto node = ensemble.Get(kPaths.ledger());
    Ledger ledger = *DecodeLedger(node->data);
    change(ledger);
    REQUIRE(
        ensemble.Commit({zk::SetOp{kPaths.ledger(), EncodeLedger(ledger), node->stat.version}}));
    world.RunFor(1s);
  }
  void Pause() {
    Order([](Ledger& ledger) {
      ledger.pause = zkcluster::Pause{Micros(1), Micros(0), "ann", "x"};
    });
  }
  // The status in ZooKeeper, which the program must agree with.
  void Shows(const std::string& statuses) {
    CHECK(Reaches(kName, statuses, 15s));
    world.RunFor(1s);
    std::string seen;
    for (const auto& state : table->board().shards) {
      seen += state.status == ShardStatus::kAlive  ? 'A'
              : state.status == ShardStatus::kDead ? 'D'
                                                   : '?';
    }
    CHECK(seen == statuses);
  }
  ClusterSpec spec;
  SimLoop loop;
  std::unique_ptr<zk::Client> client;
  std::shared_ptr<const RoutingTable> table;
  std::unique_ptr<StatusWatcher> watcher;
};

}  // namespace

TEST_CASE("outsider: of two chunks the first is removed, of three the middle one") {
  for (const int shards : {513, 1025}) {
    CAPTURE(shards);
    Site site(shards);
    const std::size_t gone = shards == 513 ? 0 : 1;
    site.ensemble.Remove(kPaths.chunk(gone));
    site.world.RunFor(5s);
    CHECK(site.ensemble.Exists(kPaths.chunk(gone)));
    site.Set({1, shards}, Server::kRefused);
    const std::string between(static_cast<std::size_t>(shards) - 2, 'A');
    site.Shows("D" + between + "D");
  }
}

TEST_CASE("outsider: a foreign znode among the chunks is ignored") {
  Site site;
  site.ensemble.Put(kPaths.chunks() + "/stray", "x");
  for (int i = 0; i < 4; ++i) {
    const LeaderRecord leader = *site.LeaderOf(kName);
    site.Kill(leader.id);
    REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch > leader.epoch; }, 30s));
    site.Start(leader.id);
    site.Set({1}, i % 2 == 0 ? Server::kRefused : Server::kUp);
    site.Shows(i % 2 == 0 ? "DAAAAA" : "AAAAAA");
  }
  CHECK(site.ensemble.Children(kPaths.chunks()).size() == 2);
}

TEST_CASE("outsider: a ledger is removed, and comes back paused in the version that was known") {
  Site site;
  // The leader has written it, which it has not read again.
  site.Set({1}, Server::kRefused);
  site.Shows("DAAAAA");
  site.Set({1}, Server::kUp);
  site.Shows("AAAAAA");
  const auto known = site.ensemble.Get(kPaths.ledger());
  REQUIRE(known->stat.version > 0);
  Ledger ledger = *DecodeLedger(known->data);
  ledger.pause = zkcluster::Pause{Micros(1), Micros(0), "ann", "x"};
  site.ensemble.Remove(kPaths.ledger());
  do {
    site.ensemble.Put(kPaths.ledger(), EncodeLedger(ledger));
  } while (site.ensemble.Get(kPaths.ledger())->stat.version != known->stat.version);
  site.Set({1}, Server::kRefused);
  site.world.RunFor(20s);
  site.Shows("AAAAAA");
}

TEST_CASE("outsider: the largest Since") {
  Site site;
  StatusBoard board{*DecodeChunk(site.ensemble.Get(kPaths.chunk(0))->data)};
  for (auto& row : board.shards) row.since = Micros(kLast);
  site.ensemble.Put(kPaths.chunk(0), EncodeChunk(board, 0));
  site.world.RunFor(5s);
  site.Set({1}, Server::kRefused);
  site.Shows("DAAAAA");
  for (std::size_t n = 0; n < 6; ++n) {
    CHECK(site.StateOf(kName, n).since > Micros(0));
    CHECK(site.StateOf(kName, n).since < site.world.wall_now());
  }
}

TEST_CASE("outsider: the largest sequence") {
  Site site;
  Head head = *site.HeadOf(kName);
  head.sequence = kLast;
  site.ensemble.Put(kPaths.head(), EncodeHead(head));
  site.world.RunFor(5s);
  site.Set({1}, Server::kRefused);
  site.Shows("DAAAAA");
}

TEST_CASE("outsider: the largest epoch") {
  Site site;
  LeaderRecord leader = *site.LeaderOf(kName);
  leader.epoch = kLast;
  site.ensemble.Put(kPaths.leader(), EncodeLeader(leader));
  site.world.RunFor(5s);
  REQUIRE(site.LeaderOf(kName));
  site.Set({1}, Server::kRefused);
  site.Shows("DAAAAA");
}

TEST_CASE("outsider: a head of a future epoch") {
  Site site;
  Head head = *site.HeadOf(kName);
  head.epoch += 40;
  site.ensemble.Put(kPaths.head(), EncodeHead(head));
  site.world.RunFor(2s);
  CHECK(site.HeadOf(kName)->epoch == site.LeaderOf(kName)->epoch);
  site.Set({1}, Server::kRefused);
  site.Shows("DAAAAA");
}

TEST_CASE("outsider: head and ledger are corrupted while one of three is left, cut from Redis") {
  Site site(6, [](ClusterSpec& spec) { spec.checkers.reset(); });
  for (const char* id : {"c1", "c2", "c3"}) site.Kill(id);
  site.world.RunFor(10s);
  site.ensemble.Put(kPaths.head(), "garbage");
  site.ensemble.Put(kPaths.ledger(), "garbage");
  for (const auto& shard : site.spec.shards) {
    site.fleet.SetReach("c1", shard.addr, FakeFleet::Reach::kDropped);
  }
  site.Start("c1");
  site.world.RunFor(20s);
  CHECK(site.LeaderOf(kName)->id == "c1");
  site.Shows("AAAAAA");
}

TEST_CASE("orders: deaths accepted during a pause are those of that moment") {
  Site site(10, [](ClusterSpec& spec) { spec.max_dead_fraction = 0.2; });
  site.Set({1, 2, 3, 4}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(5s);
  site.Pause();
  site.Order([](Ledger& ledger) { ledger.freeze.accept = true; });
  CHECK(site.LedgerOf(kName).freeze.accepted == 4);
  const std::string before = site.Statuses(kName);
  SUBCASE("they pass as it ends") {
    site.Order([](Ledger& ledger) { ledger.pause.reset(); });
    site.Shows("DDDDAAAAAA");
  }
  SUBCASE("later ones do not") {
    site.Set({5, 6, 7, 8, 9, 10}, Server::kRefused);
    site.world.RunFor(10s);
    CHECK(site.Statuses(kName) == before);
    site.Order([](Ledger& ledger) { ledger.pause.reset(); });
    site.world.RunFor(5s);
    CHECK(site.LedgerOf(kName).freeze.frozen);
    CHECK(site.Statuses(kName) == before);
  }
}

TEST_CASE("orders: a list that grows and shrinks over the end of a chunk, in another order") {
  Site site(512);
  site.Set({1, 512}, Server::kRefused);
  site.Shows("D" + std::string(510, 'A') + "D");
  ClusterSpec larger = site.spec;
  larger.shards.push_back({"s513", "10.0.0.1:513"});
  site.Set({513}, Server::kUp);
  std::swap(larger.shards.front(), larger.shards.back());
  const Micros since = site.StateOf(kName, 0).since;
  for (int round = 0; round < 2; ++round) {
    site.Update(larger);
    site.Shows(std::string(511, 'A') + "DD");
    CHECK(site.StateOf(kName, 512).since == since);
    site.Update(site.spec);
    site.Shows("D" + std::string(510, 'A') + "D");
    CHECK(site.StateOf(kName, 0).since == since);
  }
}

TEST_CASE("orders: max_dead_fraction is changed while frozen") {
  Site site(10, [](ClusterSpec& spec) { spec.max_dead_fraction = 0.2; });
  site.Set({1, 2, 3, 4}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(5s);
  const std::string before = site.Statuses(kName);
  const auto allow = [&](double fraction) {
    ClusterSpec spec = site.spec;
    spec.max_dead_fraction = fraction;
    site.Update(spec);
    site.world.RunFor(3s);
  };
  allow(0.5);  // three quarters of it are fewer than four
  CHECK(site.Statuses(kName) == before);
  allow(0.9);
  site.Shows("DDDDAAAAAA");
  allow(0.1);  // nothing new dies
  CHECK_FALSE(site.LedgerOf(kName).freeze.frozen);
  site.Set({1}, Server::kUp);
  site.Shows("ADDDAAAAAA");
  site.Set({5}, Server::kRefused);
  site.world.RunFor(5s);
  CHECK(site.LedgerOf(kName).freeze.frozen);
  site.Shows("ADDDAAAAAA");
}

// When the version of `votes` has moved, the ballots are read again. Otherwise that version would
// be new while the counted ballot is the previous one; both ballots have version 0.
TEST_CASE("outsider: a ballot begins again while the leader reads that it has gone") {
  int begun = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SimSite site(seed);
    ClusterSpec spec = site.MakeSpec(kName, 3);
    spec.checkers = 3;
    site.Create(spec);
    site.Start("c1");
    REQUIRE(site.world.RunUntil([&] { return site.BallotOf(kName, "c1").has_value(); }, 10s));
    // Two voters whose ballots the test writes; they disagree on the first shard.
    const auto ballot = [&](Opinion first) {
      Ballot copy = *site.BallotOf(kName, "c1");
      const bool dead = first == Opinion::kDead;
      copy.votes[0] = {first, dead ? Reason::kRefused : Reason::kNone};
      return EncodeBallot(copy);
    };
    site.ensemble.PutEphemeral(kPaths.vote("p2"), ballot(Opinion::kDead));
    site.ensemble.PutEphemeral(kPaths.vote("p3"), ballot(Opinion::kAlive));
    REQUIRE(site.Reaches(kName, "AAA", 10s));
    site.world.RunFor(1s);
    bool again = false;
    site.ensemble.SetFate(site.At("c1").client(), [&](const Request& request) {
      if (!again && request.verb == Verb::kExists && request.path == kPaths.vote("p2")) {
        again = true;
        site.ensemble.PutEphemeral(kPaths.vote("p2"), ballot(Opinion::kAlive));
        site.ensemble.Put(kPaths.votes(), kName);
        site.ensemble.Put(kPaths.vote("p3"), ballot(Opinion::kDead));
      }
      return Fate::kServe;
    });
    site.ensemble.Remove(kPaths.vote("p2"));
    for (int step = 0; step < 1000; ++step) {
      site.world.RunFor(1ms);
      REQUIRE(site.StatusOf(kName, 0) == ShardStatus::kAlive);
    }
    begun += again ? 1 : 0;
  }
  CHECK(begun > 0);
}

}  // namespace foreign_writes_test
