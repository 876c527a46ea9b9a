// A head or a ledger that an outsider corrupted, where neither mirror nor memory helps, and orders
// that come at a bad moment: clients keep what was decided, and operators' orders hold.
#include <doctest/doctest.h>

#include "follow/status_watcher.h"
#include "tests/support/settled_site.h"

namespace unreadable_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;
const ClusterPaths kPaths(SimSite::kRoot, kName);

using Site = SettledSix;

// A program that follows the cluster.
struct Program {
  explicit Program(SimSite& site)
      : loop(site.world, "program"),
        client(site.ensemble.NewClient(loop, 10s)),
        watcher(loop, *client, kPaths, false,
                {[this](const StatusWatcher::Update& update) { table = update.table; },
                 [](const Error&) {}}) {}
  [[nodiscard]] std::string Statuses() const {
    std::string text;
    for (const auto& state : table->board().shards)
      text += state.status == ShardStatus::kAlive  ? 'A'
              : state.status == ShardStatus::kDead ? 'D'
                                                   : '?';
    return text;
  }
  // Its table stays when the head is corrupted.
  void OutlivesCorruptHead(SimSite& site) const {
    const std::string before = Statuses();
    REQUIRE(before == site.Statuses(kName));
    site.ensemble.Put(kPaths.head(), "garbage");
    site.world.RunFor(10s);
    CHECK(Statuses() == before);
  }
  SimLoop loop;
  std::unique_ptr<zk::Client> client;
  std::shared_ptr<const RoutingTable> table;
  StatusWatcher watcher;
};

void NoMirror(ClusterSpec& spec) {
  spec.mirror_limit = 1;
}

// s1 is dead, and further deaths exceed the limit.
void FreezeAfterADeath(Site& site) {
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAAAA", 5s));
  site.Set({2, 3, 4, 5}, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
  site.world.RunFor(5s);
}

}  // namespace

TEST_CASE("unreadable: a corrupted head, no mirror, frozen: programs keep the deaths they know") {
  Site site([](ClusterSpec& spec) {
    NoMirror(spec);
    HalfMayDie(spec);
  });
  Program program(site);
  FreezeAfterADeath(site);
  program.OutlivesCorruptHead(site);
}

TEST_CASE("unreadable: a corrupted head, no mirror, paused: nothing flips in a program") {
  Site site(NoMirror);
  Program program(site);
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAAAA", 5s));
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  site.world.RunFor(2s);
  REQUIRE(program.Statuses() == "DAAAAA");
  program.OutlivesCorruptHead(site);
}

TEST_CASE("unreadable: a corrupted head, no mirror, one of three checkers: nothing is forgotten") {
  Site site(NoMirror);
  Program program(site);
  site.Set({1}, Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAAAA", 5s));
  for (const char* id : {"c1", "c2", "c3"}) {
    if (site.LeaderOf(kName)->id != id) site.Kill(id);
  }
  site.world.RunFor(20s);
  REQUIRE(program.Statuses() == "DAAAAA");
  program.OutlivesCorruptHead(site);
}

TEST_CASE("unreadable: a corrupted ledger does not end a pause that its leader knows") {
  Site site;
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  site.world.RunFor(1s);
  site.Set({1}, Server::kRefused);
  site.world.RunFor(10s);
  REQUIRE(site.Statuses(kName) == "AAAAAA");
  site.ensemble.Put(kPaths.ledger(), "garbage");
  site.world.RunFor(10s);
  CHECK(site.Statuses(kName) == "AAAAAA");
  CHECK(site.LedgerOf(kName).pause);
  CHECK(site.Leader().Logged("ledger.lost") == 0);
}

TEST_CASE("unreadable: head and ledger corrupted in a pause: the pause stays, and can be ended") {
  Site site(NoMirror);
  Program program(site);
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  site.world.RunFor(2s);
  site.Set({1}, Server::kRefused);
  SUBCASE("corrupted") {
    site.ensemble.Put(kPaths.ledger(), "garbage");
  }
  SUBCASE("removed") {
    site.ensemble.Remove(kPaths.ledger());
  }
  program.OutlivesCorruptHead(site);
  CHECK(site.Leader().Logged("ledger.restored") == 1);
  REQUIRE(site.LedgerOf(kName).pause);
  CHECK(site.LedgerOf(kName).pause->by == "ann");
  CHECK(site.LedgerOf(kName).electorate.size() == 3);
  site.Order([](Ledger& ledger) { ledger.pause.reset(); });
  CHECK(site.Reaches(kName, "DAAAAA", 10s));
  site.world.RunFor(1s);
  CHECK(program.Statuses() == "DAAAAA");
}

TEST_CASE("unreadable: a ledger lost before a new leader has read it is reported once") {
  Site site;
  for (const auto& checker : site.checkers) CHECK(checker->Logged("ledger.lost") == 0);
  site.Order([](Ledger& ledger) { ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"}; });
  site.world.RunFor(1s);
  const auto first = *site.LeaderOf(kName);
  site.Kill(first.id);
  SUBCASE("corrupted") {
    site.ensemble.Put(kPaths.ledger(), "garbage");
  }
  SUBCASE("removed") {
    const auto version = site.ensemble.Get(kPaths.ledger())->stat.version;
    REQUIRE(site.ensemble.Commit({zk::DeleteOp{kPaths.ledger(), version}}));
  }
  REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch > first.epoch; }, 30s));
  site.world.RunFor(1s);
  CHECK(site.Leader().Logged("ledger.lost") == 1);
  CHECK_FALSE(site.LedgerOf(kName).pause);
  // The leader knows its own pause.
  site.ensemble.Put(kPaths.ledger(), "garbage");
  site.world.RunFor(10s);
  CHECK(site.Leader().Logged("status.undecodable") >= 1);
  CHECK(site.Leader().Logged("ledger.lost") == 1);
}

TEST_CASE("unreadable: a corrupted ledger does not end maintenance that its leader knows") {
  Site site;
  site.Order([](Ledger& ledger) {
    ledger.maintenance = {{"s1", {Micros(1), Micros(0), "ann", "why"}}};
  });
  site.world.RunFor(1s);
  site.Set({1}, Server::kRefused);
  site.world.RunFor(10s);
  REQUIRE(site.Statuses(kName) == "AAAAAA");
  site.ensemble.Put(kPaths.ledger(), "garbage");
  site.world.RunFor(10s);
  CHECK(site.Statuses(kName) == "AAAAAA");
  CHECK(site.LedgerOf(kName).maintenance.size() == 1);
}

TEST_CASE("orders: one whose end cannot be computed does not make the leader spin") {
  Site site;
  const auto wall = site.world.wall_now();
  site.Order([&](Ledger& ledger) {
    ledger.pause = Pause{Micros(1), wall + Micros(9'300'000'000'000'000), "ann", "why"};
  });
  site.world.RunFor(1s);
  CHECK(site.Statuses(kName) == "AAAAAA");
}

TEST_CASE(
    "review: an order that comes while a commit is under way, which is then refused for a vote") {
  std::size_t tried = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Site site(HalfMayDie, {}, seed);
    site.Set({1, 2, 3, 4, 5}, Server::kRefused);
    REQUIRE(site.world.RunUntil([&] { return site.LedgerOf(kName).freeze.frozen; }, 10s));
    site.world.RunFor(10s);
    const std::string leader = site.LeaderOf(kName)->id;
    const std::string before = site.Statuses(kName);
    const std::size_t dead = before.find('D');
    if (dead == std::string::npos) continue;
    const auto say = [&](Opinion opinion) {
      for (const char* id : {"c1", "c2", "c3"}) {
        auto ballot = *site.BallotOf(kName, id);
        ballot.votes[dead] = {opinion,
                              opinion == Opinion::kDead ? Reason::kRefused : Reason::kNone};
        ++ballot.writes;
        site.ensemble.Put(kPaths.vote(id), EncodeBallot(ballot));
      }
    };
    bool ordered = false;
    bool refused = false;
    int reads = 0;
    site.ensemble.SetFate(site.At(leader).client(), [&](const Request& request) {
      if (!ordered && request.verb == Verb::kGet &&
          request.path.starts_with(kPaths.votes() + "/") && ++reads == 2) {
        ordered = true;
        site.Order([](Ledger& ledger) { ledger.freeze.accept = true; });
      }
      if (ordered && !refused && request.verb == Verb::kMulti && request.ops.size() > 3) {
        refused = true;
        say(Opinion::kDead);
      }
      return Fate::kServe;
    });
    say(Opinion::kAlive);
    site.world.RunFor(30s);
    if (!ordered || !refused) continue;
    ++tried;
    const auto freeze = site.LedgerOf(kName).freeze;
    INFO("frozen " << freeze.frozen << " accept " << freeze.accept << " before " << before);
    std::string log;
    for (const auto& line : site.At(leader).log()) log += line + "\n";
    INFO(log);
    CHECK(site.Statuses(kName) == "DDDDDA");
  }
  CHECK(tried > 0);
}

TEST_CASE("unreadable: a row that is lost, committed, and corrupted again is still lost") {
  Site site([](ClusterSpec& spec) {
    NoMirror(spec);
    HalfMayDie(spec);
  });
  Program program(site);
  FreezeAfterADeath(site);
  const std::string before = program.Statuses();
  const auto rows = [&] { return DecodeChunk(site.ensemble.Get(kPaths.chunk(0))->data); };
  // A leader that has not read the rows before finds them unreadable.
  const auto corrupt = [&] {
    const std::string first = site.LeaderOf(kName)->id;
    const auto epoch = site.LeaderOf(kName)->epoch;
    site.Kill(first);
    site.ensemble.Put(kPaths.chunk(0), "garbage");
    REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch > epoch; }, 30s));
    site.Start(first);
    site.world.RunFor(15s);
    REQUIRE(rows());
  };
  corrupt();
  REQUIRE((*rows())[0].lost());
  const Micros since = (*rows())[0].since;
  ClusterSpec spec = site.spec;
  spec.mirror_limit.reset();  // kept from now on, without the rows that are lost
  site.Update(spec);
  site.world.RunFor(5s);
  CHECK((*rows())[0].lost());
  CHECK(program.Statuses() == before);
  corrupt();
  CHECK((*rows())[0].lost());
  CHECK((*rows())[0].since >= since);
  CHECK(program.Statuses() == before);
}

TEST_CASE("unreadable: a mirror made by an outsider during a commit is removed if none is kept") {
  // An order made just before one of these reads is reported while the flip is on its way.
  for (int read = 1; read <= 4; ++read) {
    CAPTURE(read);
    Site site(NoMirror);
    REQUIRE_FALSE(site.ensemble.Get(kPaths.mirror()));
    int reads = 0;
    site.ensemble.SetFate(site.Leader().client(), [&](const Request& request) {
      if (request.verb == Verb::kGet && request.path.starts_with(kPaths.votes() + "/") &&
          ++reads == read) {
        site.ensemble.Put(kPaths.mirror(), R"({"192.0.2.1:1":{"Alive":true,"Since":1}})");
      }
      return Fate::kServe;
    });
    site.Set({1}, Server::kRefused);
    REQUIRE(site.Reaches(kName, "DAAAAA", 5s));
    site.world.RunFor(2s);
    REQUIRE(reads >= read);
    CHECK(site.ensemble.Get(kPaths.mirror())->data == "{}");
  }
}

TEST_CASE("unreadable: a row that an outsider wrote counts: it is flipped back, with an event") {
  Site site;
  const std::size_t flips = site.CountEvents(Event::Flips::kKind);
  StatusBoard board{*DecodeChunk(site.ensemble.Get(kPaths.chunk(0))->data)};
  board.shards[0].status = ShardStatus::kDead;
  site.ensemble.Put(kPaths.chunk(0), EncodeChunk(board, 0));
  site.world.RunFor(5s);
  CHECK(site.Statuses(kName) == "AAAAAA");
  CHECK(site.CountEvents(Event::Flips::kKind) == flips + 1);
}

}  // namespace unreadable_test
