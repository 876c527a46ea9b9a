// Commits, and the reasons for which they are refused.
#include "checker/lead/leader.h"

#include <doctest/doctest.h>

#include "tests/support/settled_site.h"

namespace leader_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;
const ClusterPaths kPaths(SimSite::kRoot, kName);

bool SetsHead(const Request& request) {
  for (const auto& op : request.ops) {
    if (const auto* set = std::get_if<zk::SetOp>(&op); set && set->path == kPaths.head())
      return true;
  }
  return false;
}

bool ChecksVotes(const std::vector<zk::Op>& ops) {
  for (const auto& op : ops) {
    if (const auto* check = std::get_if<zk::CheckOp>(&op);
        check && check->path.starts_with(kPaths.votes()))
      return true;
  }
  return false;
}

struct Site : Settled {
  Site() : Settled({.shards = 2}) { world.RunFor(3s); }
  [[nodiscard]] std::size_t FlipsOf(const std::string& shard) const {
    std::size_t count = 0;
    for (const auto& event : Journal()) {
      const auto* const flips = event.As<Event::Flips>();
      if (flips == nullptr) continue;
      for (const auto& flip : flips->flips) count += flip.shard == shard ? 1 : 0;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("states: a commit begins and ends, and each change is logged once") {
  Site site;
  const std::size_t before = site.Leader().Logged("leader.state");
  CHECK(before >= 1);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 3s));
  site.world.RunFor(1s);
  CHECK(site.Leader().Logged("leader.state") == before + 2);
}

TEST_CASE("commit: refused because an operator wrote the ledger, it reads the ledger alone again") {
  Site site;
  bool refused = false;
  std::size_t mirrors = 0;  // only the leader reads it
  site.ensemble.SetFateOfAll([&](const Arrival& arrival) {
    const Request& request = arrival.request;
    mirrors += request.verb == Verb::kGet && request.path == kPaths.mirror() ? 1 : 0;
    if (request.verb == Verb::kMulti && SetsHead(request) && !std::exchange(refused, true)) {
      site.ensemble.Put(kPaths.ledger(), site.ensemble.Get(kPaths.ledger())->data);
    }
    return Fate::kServe;
  });
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 5s));
  CHECK(refused);
  CHECK(mirrors == 0);
}

TEST_CASE("commit: one multi holds every check and every write of a flip") {
  Site site;
  const auto zxid = site.ensemble.zxid();
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 3s));
  const Transaction* commit = nullptr;
  for (const auto& transaction : site.ensemble.history()) {
    if (transaction.zxid > zxid && transaction.ops.size() > 3) commit = &transaction;
  }
  REQUIRE(commit != nullptr);
  std::map<std::string, char> kinds;
  for (const auto& op : commit->ops) {
    std::visit([&](const auto& o) { kinds[o.path] = "CNSD"[op.index()]; }, op);
  }
  CHECK(kinds.at(kPaths.leader()) == 'C');
  CHECK(kinds.at(kPaths.shards()) == 'C');
  CHECK(kinds.at(kPaths.options()) == 'C');
  CHECK(kinds.at(kPaths.head()) == 'S');
  CHECK(kinds.at(kPaths.chunk(0)) == 'S');
  CHECK(kinds.at(kPaths.ledger()) == 'C');  // no penalty yet, but it has the orders
  CHECK(kinds.at(kPaths.mirror()) == 'S');
  CHECK(ChecksVotes(commit->ops));
  for (const auto& op : commit->ops) {
    std::visit(
        [](const auto& o) {
          if constexpr (requires { o.version; }) CHECK(o.version != zk::kAnyVersion);
        },
        op);
  }
}

namespace {

// The leader's requests from now on: reads with data, and stats without.
struct Reads {
  explicit Reads(Site& site) {
    site.ensemble.SetFate(site.Leader().client(), [this](const Request& request) {
      if (!request.path.starts_with(kPaths.base())) return Fate::kServe;
      const std::string path = request.path.substr(kPaths.base().size());
      if (request.verb == Verb::kGet) ++gets[path];
      if (request.verb == Verb::kExists) ++stats[path];
      if (request.verb == Verb::kChildren) ++lists[path];
      return Fate::kServe;
    });
  }
  // "/a /b*2"
  static std::string Text(const std::map<std::string, int>& of) {
    std::string text;
    for (const auto& [path, count] : of) {
      text += (text.empty() ? "" : " ") + path + (count > 1 ? "*" + std::to_string(count) : "");
    }
    return text;
  }
  std::map<std::string, int> gets;
  std::map<std::string, int> stats;
  std::map<std::string, int> lists;
};

}  // namespace

TEST_CASE("commit: after a flip the leader reads the ballots that changed, and nothing it wrote") {
  Site site;
  Reads reads(site);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 3s));
  site.world.RunFor(1s);
  // A ballot that moved between count and commit is read once more.
  for (const char* id : {"/quorum/votes/c1", "/quorum/votes/c2", "/quorum/votes/c3"}) {
    CHECK(reads.gets.erase(id) == 1);
  }
  CHECK(Reads::Text(reads.gets).empty());
  // The watches on what was written are set again, by reads that carry no data.
  CHECK(Reads::Text(reads.stats) == "/quorum/head /quorum/status/0 /status");
  CHECK(Reads::Text(reads.lists).empty());
}

TEST_CASE("an operator's order: the leader reads the ledger again, and nothing else") {
  Site site;
  const Reads reads(site);
  site.Order([&](Ledger& ledger) {
    ledger.pause = Pause{site.world.wall_now(), Micros(0), "ann@ops1", "test"};
  });
  REQUIRE(site.world.RunUntil([&] { return site.Leader().facts().Paused() == 1; }, 3s));
  site.world.RunFor(1s);
  CHECK(Reads::Text(reads.gets) == "/quorum/ledger");
  CHECK(Reads::Text(reads.stats) == "/quorum/ledger");
  CHECK(Reads::Text(reads.lists).empty());
}

TEST_CASE("a foreign write: the leader reads the znode that moved, and writes it again") {
  Site site;
  const Reads reads(site);
  const std::string chunk = site.ensemble.Get(kPaths.chunk(0))->data;
  site.ensemble.Put(kPaths.chunk(0), "corrupted");
  REQUIRE(
      site.world.RunUntil([&] { return site.ensemble.Get(kPaths.chunk(0))->data == chunk; }, 3s));
  site.world.RunFor(1s);
  CHECK(Reads::Text(reads.gets) == "/quorum/status/0");
  CHECK(Reads::Text(reads.stats) == "/quorum/head /quorum/status/0*2");
  CHECK(Reads::Text(reads.lists).empty());
}

TEST_CASE("commit: its answer is lost, and the flip is journalled once") {
  Site site;
  site.ensemble.LoseAnswer(site.Leader().client(), SetsHead);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 10s));
  site.world.RunFor(20s);
  CHECK(site.FlipsOf("s1") == 2);  // alive at the start, dead now
  CHECK(site.Statuses(kName) == "DA");
}

TEST_CASE("commit: the request is lost, and the flip comes after the reconnect") {
  Site site;
  site.ensemble.DropRequest(site.Leader().client(), SetsHead);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  CHECK(site.Reaches(kName, "DA", 10s));
  CHECK(site.FlipsOf("s1") == 2);
}

TEST_CASE("commit: the spec is updated between tally and commit") {
  Site site;
  bool once = false;
  site.ensemble.SetFate(site.Leader().client(), [&](const Request& request) {
    if (SetsHead(request) && !once) {
      once = true;
      auto spec = site.spec;
      spec.version = 1ull << 60;
      spec.shards.erase(spec.shards.begin());  // the dead one leaves
      const auto payloads = EncodeSpec(spec);
      REQUIRE(site.ensemble.Commit({zk::SetOp{kPaths.base(), payloads.version,
                                              site.ensemble.Get(kPaths.base())->stat.version},
                                    zk::SetOp{kPaths.shards(), payloads.shards,
                                              site.ensemble.Get(kPaths.shards())->stat.version}}));
    }
    return Fate::kServe;
  });
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "A", 10s));
  CHECK(once);
  CHECK(site.FlipsOf("s1") == 1);  // its death was never committed
  CHECK(site.HeadOf(kName)->spec.version == 1ull << 60);
}

TEST_CASE("commit: voters that are always busy do not hold a flip back for ever") {
  Site site;
  // A fourth voter whose ballot changes whenever the leader is about to commit.
  site.ensemble.PutEphemeral(
      kPaths.vote("busy"),
      EncodeBallot({site.HeadOf(kName)->spec,
                    1,
                    {{Opinion::kAlive, Reason::kNone}, {Opinion::kAlive, Reason::kNone}}}));
  site.world.RunFor(2s);
  std::uint64_t writes = 1;
  int refused = 0;
  site.ensemble.SetFate(site.Leader().client(), [&](const Request& request) {
    if (SetsHead(request) && ChecksVotes(request.ops)) {
      ++refused;
      site.ensemble.Put(
          kPaths.vote("busy"),
          EncodeBallot({site.HeadOf(kName)->spec,
                        ++writes,
                        {{Opinion::kAlive, Reason::kNone}, {Opinion::kAlive, Reason::kNone}}}));
    }
    return Fate::kServe;
  });
  const auto zxid = site.ensemble.zxid();
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 10s));
  CHECK(refused == 2);
  for (const auto& transaction : site.ensemble.history()) {
    if (transaction.zxid > zxid && transaction.ops.size() > 3) CHECK(!ChecksVotes(transaction.ops));
  }
}

TEST_CASE(
    "commit: a vote that came while another was being counted costs round trips, not a backoff") {
  Site site;
  SimChecker& leader = site.Leader();
  // c1 and c2 agree; the third ballot arrives exactly between the count and the commit.
  bool once = false;
  TimePoint refused{};
  site.ensemble.SetFate(leader.client(), [&](const Request& request) {
    if (SetsHead(request) && !once) {
      once = true;
      refused = site.world.now();
      for (const char* id : {"c1", "c2", "c3"}) {
        auto ballot = site.BallotOf(kName, id);
        if (!ballot || ballot->votes[0].opinion == Opinion::kDead) continue;
        ballot->votes[0] = {Opinion::kDead, Reason::kRefused};
        ++ballot->writes;
        site.ensemble.Put(kPaths.vote(id), EncodeBallot(*ballot));
      }
    }
    return Fate::kServe;
  });
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 10s));
  REQUIRE(once);
  // Virtual time: a round trip takes at most 4 ms, a backoff at least 25.
  CHECK(site.world.now() - refused < 20ms);
}

TEST_CASE("commit: another leader's token refuses it, and the old leader steps down") {
  Site site;
  SimChecker& old = site.Leader();
  bool once = false;
  site.ensemble.SetFate(old.client(), [&](const Request& request) {
    if (SetsHead(request) && !once) {
      once = true;
      site.ensemble.Put(kPaths.leader(), EncodeLeader({"usurper", 500, Micros(1)}));
    }
    return Fate::kServe;
  });
  const auto head = site.ensemble.Get(kPaths.head())->stat.version;
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return once; }, 5s));
  CHECK(site.ensemble.Get(kPaths.head())->stat.version == head);
  REQUIRE(site.world.RunUntil([&] { return old.Logged("election.step_down") == 1; }, 5s));
  REQUIRE(site.Reaches(kName, "DA", 10s));
  CHECK(site.LeaderOf(kName)->epoch == 501);
}

TEST_CASE("commit: its own candidate was removed, so nothing it decides takes effect") {
  Site site;
  SimChecker& old = site.Leader();
  std::string node;
  for (const auto& name : site.ensemble.Children(kPaths.election())) {
    if (name.starts_with(old.id() + "-")) node = name;
  }
  bool once = false;
  site.ensemble.SetFate(old.client(), [&](const Request& request) {
    if (SetsHead(request) && !once) {
      once = true;
      site.ensemble.Remove(kPaths.candidate(node));
    }
    return Fate::kServe;
  });
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return once; }, 5s));
  REQUIRE(site.Reaches(kName, "DA", 10s));
  CHECK(site.LeaderOf(kName)->id != old.id());
}

TEST_CASE("commit: an outsider wrote the head, it is read again") {
  Site site;
  auto head = *site.HeadOf(kName);
  head.sequence += 100;
  site.ensemble.Put(kPaths.head(), EncodeHead(head));
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 10s));
  CHECK(site.HeadOf(kName)->sequence == head.sequence + 1);
}

TEST_CASE("take over: the new leader knows the list that the head was written for") {
  Site site;
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 5s));
  const auto died = site.StateOf(kName, 0).since;
  // The leader goes in the moment the spec changes; the mirror cannot help.
  site.ensemble.Put(kPaths.mirror(), "{}");
  const auto id = site.Leader().id();
  auto spec = site.spec;
  spec.shards.push_back({"s3", "10.0.0.1:3"});
  site.fleet.Set("10.0.0.1:3", Server::kUp);
  site.ensemble.SetFate(site.Leader().client(), [](const Request& request) {
    return SetsHead(request) ? Fate::kDropRequest : Fate::kServe;
  });
  site.Update(spec);
  site.Kill(id);
  REQUIRE(site.Reaches(kName, "DAA", 15s));
  CHECK(site.StateOf(kName, 0).since == died);
}

TEST_CASE("journal: the newest 1,000 are kept") {
  Site site;
  for (int i = 0; i < 1200; ++i) {
    REQUIRE(site.ensemble.Commit(
        {zk::CreateOp{kPaths.event_prefix(), "x", zk::CreateMode::kPersistentSequential}}));
  }
  const auto id = site.Leader().id();
  site.Kill(id);
  REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->id != id; }, 10s));
  site.world.RunFor(5s);
  CHECK(site.ensemble.Children(kPaths.events()).size() <= 1001);
  CHECK(site.ensemble.Children(kPaths.events()).size() >= 990);
}

TEST_CASE("mirror: above its limit it is emptied, not left outdated") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 3);
  spec.mirror_limit = 100;
  site.ensemble.Put(kPaths.base(), "");
  site.ensemble.Remove(kPaths.base());
  site.Create(spec);
  site.ensemble.Put(kPaths.mirror(),
                    R"({"10.0.0.1:1":{"Addr":"10.0.0.1:1","Alive":true,"Since":1}})");
  site.Start("c1");
  REQUIRE(site.Reaches(kName, "AAA", 10s));
  CHECK(site.ensemble.Get(kPaths.mirror())->data == "{}");
}

TEST_CASE("chunks: a list that shrinks and grows again never shows an old version again") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 600);
  site.Create(spec);
  site.Start("c1");
  REQUIRE(site.Reaches(kName, std::string(600, 'A'), 10s));
  const auto before = site.ensemble.Get(kPaths.chunk(1))->stat;
  auto small = spec;
  small.shards.resize(10);
  site.Update(small);
  REQUIRE(site.Reaches(kName, std::string(10, 'A'), 10s));
  CHECK(site.HeadOf(kName)->chunks.size() == 1);
  site.Update(spec);
  REQUIRE(site.Reaches(kName, std::string(600, 'A'), 10s));
  CHECK(site.ensemble.Get(kPaths.chunk(1))->stat.version > before.version);
  CHECK(site.HeadOf(kName)->chunks[1] == site.ensemble.Get(kPaths.chunk(1))->stat.version);
}

TEST_CASE(
    "leader: its record is removed or overwritten while nothing flips, and it takes over again") {
  for (const bool removed : {true, false}) {
    CAPTURE(removed);
    Site site;
    const auto before = *site.LeaderOf(kName);
    const auto epoch_of_head = site.HeadOf(kName)->epoch;
    if (removed) {
      site.ensemble.Remove(kPaths.leader());
    } else {
      site.ensemble.Put(kPaths.leader(), "nonsense");
    }
    REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName).has_value(); }, 5s));
    CHECK(site.LeaderOf(kName)->epoch > epoch_of_head);
    CHECK(site.LeaderOf(kName)->id == before.id);
  }
}

TEST_CASE("commit: a ballot that ended and began again is not the one that was counted") {
  Site site;
  const std::string leader = site.LeaderOf(kName)->id;
  const std::string path = kPaths.vote(leader == "c3" ? "c2" : "c3");
  std::int64_t replaced = 0;
  zk::Version rung = 0;
  site.ensemble.SetFate(site.At(leader).client(), [&](const Request& request) {
    if (!SetsHead(request) || replaced != 0) return Fate::kServe;
    const auto counted = *site.ensemble.Get(path);
    site.ensemble.Remove(path);
    site.ensemble.Put(path, counted.data);
    while (site.ensemble.Get(path)->stat.version < counted.stat.version)
      site.ensemble.Put(path, counted.data);
    site.ensemble.Put(kPaths.votes(), "rung");
    replaced = site.ensemble.zxid();
    rung = site.ensemble.Get(kPaths.votes())->stat.version;
    return Fate::kServe;
  });
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 20s));
  REQUIRE(replaced != 0);
  // The commit that counted the ballot before was refused: each later one has heard of the new one.
  std::size_t commits = 0;
  for (const auto& transaction : site.ensemble.history()) {
    if (transaction.zxid <= replaced) continue;
    const bool decides = std::ranges::any_of(transaction.ops, [](const zk::Op& op) {
      const auto* const set = std::get_if<zk::SetOp>(&op);
      return set != nullptr && set->path == kPaths.head();
    });
    if (!decides) continue;
    ++commits;
    for (const auto& op : transaction.ops) {
      const auto* const check = std::get_if<zk::CheckOp>(&op);
      if (check != nullptr && check->path == kPaths.votes()) CHECK(check->version >= rung);
    }
  }
  CHECK(commits > 0);
}

TEST_CASE("votes: one that begins is read, the others are not read again") {
  Site site;
  const std::string leader = site.LeaderOf(kName)->id;
  const std::string begins = leader == "c3" ? "c2" : "c3";
  const std::string stays = leader == "c1" ? "c2" : "c1";
  REQUIRE(stays != begins);
  std::map<std::string, int> reads;
  site.ensemble.SetFate(site.At(leader).client(), [&](const Request& request) {
    if (request.verb == Verb::kGet) ++reads[request.path];
    return Fate::kServe;
  });
  site.Kill(begins);
  REQUIRE(site.world.RunUntil([&] { return !site.ensemble.Get(kPaths.vote(begins)); }, 60s));
  site.Start(begins);
  REQUIRE(
      site.world.RunUntil([&] { return site.ensemble.Get(kPaths.vote(begins)).has_value(); }, 10s));
  site.world.RunFor(3s);
  CHECK(reads[kPaths.vote(begins)] > 0);
  CHECK(reads[kPaths.vote(stays)] == 0);
}

TEST_CASE("commit: it checks the znodes that it does not write") {
  Site site;
  const auto zxid = site.ensemble.zxid();
  site.spec.probe.threshold = 5s;  // no shard moves, no status flips: only the head is new
  site.Update(site.spec);
  site.world.RunFor(3s);
  std::map<std::string, char> kinds;
  for (const auto& transaction : site.ensemble.history()) {
    if (transaction.zxid <= zxid) continue;
    const auto sets_head = [](const zk::Op& op) {
      const auto* set = std::get_if<zk::SetOp>(&op);
      return set != nullptr && set->path == kPaths.head();
    };
    if (std::none_of(transaction.ops.begin(), transaction.ops.end(), sets_head)) continue;
    for (const auto& op : transaction.ops) {
      std::visit([&](const auto& o) { kinds[o.path] = "CNSD"[op.index()]; }, op);
    }
  }
  REQUIRE(kinds.contains(kPaths.head()));
  CHECK(kinds.at(kPaths.mirror()) == 'C');
  CHECK(kinds.at(kPaths.chunk(0)) == 'C');
  CHECK(kinds.at(kPaths.ledger()) == 'C');
}

TEST_CASE("commit: the head names the new version of a chunk rewritten with the same bytes") {
  Site site;
  site.ensemble.Put(kPaths.chunk(0), site.ensemble.Get(kPaths.chunk(0))->data);
  site.world.RunFor(3s);
  const auto head = site.HeadOf(kName);
  REQUIRE(head);
  CHECK(head->chunks ==
        std::vector<std::int32_t>{site.ensemble.Get(kPaths.chunk(0))->stat.version});
}

TEST_CASE("commit: an unreadable chunk is restored from memory, without a vote") {
  Site site;
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DA", 10s));
  const auto before = site.StateOf(kName, 0);
  // Two of three are gone: nothing may flip or be forgotten.
  for (const char* id : {"c1", "c2", "c3"}) {
    if (id != site.LeaderOf(kName)->id) site.Kill(id);
  }
  site.ensemble.Put(kPaths.chunk(0), "garbage");
  site.world.RunFor(5s);
  CHECK(site.Statuses(kName) == "DA");
  CHECK(site.StateOf(kName, 0).since == before.since);
}

}  // namespace leader_test
