#include "follow/status_watcher.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/status_world.h"

namespace status_watcher_test {

using namespace zkcluster;
using namespace zkcluster::sim;

namespace {

struct Following : StatusWorld {
  explicit Following(std::uint64_t seed = 1) : StatusWorld(seed) {}

  void Follow(bool refuse_unknown = false) {
    watcher = std::make_unique<StatusWatcher>(
        loop, *client, paths, refuse_unknown,
        StatusWatcher::Callbacks{[this](const auto& update) { updates.push_back(update); },
                                 [this](const auto& error) { troubles.push_back(error); }});
  }
  [[nodiscard]] const StatusWatcher::Update& last() {
    REQUIRE_FALSE(updates.empty());
    return updates.back();
  }
  // "AD?" for alive, dead, unknown.
  [[nodiscard]] static std::string Letters(const StatusWatcher::Update& update) {
    std::string letters;
    for (const auto& state : update.table->board().shards) {
      letters += state.status == ShardStatus::kAlive  ? 'A'
                 : state.status == ShardStatus::kDead ? 'D'
                                                      : '?';
    }
    return letters;
  }
  [[nodiscard]] std::string now() { return Letters(last()); }

  SimLoop loop{world, "program"};
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, std::chrono::seconds(10));
  std::vector<StatusWatcher::Update> updates;
  std::vector<Error> troubles;
  std::unique_ptr<StatusWatcher> watcher;
};

ClusterSpec With(ClusterSpec spec, std::uint64_t version) {
  spec.version = version;
  return spec;
}

StatusBoard Letters(const std::string& letters) {
  StatusBoard board;
  for (const char c : letters) {
    board.shards.push_back(c == 'A' ? Alive() : c == 'D' ? Dead() : ShardState{});
  }
  return board;
}

}  // namespace

TEST_CASE("status: the first table waits for head and chunks, then follows decisions") {
  Following w;
  w.PutSpec(With(TestSpec(), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 3, 7);
  w.Follow();
  w.Run();
  REQUIRE(w.updates.size() == 1);
  CHECK(w.now() == "ADA");
  CHECK(w.last().epoch == 3);
  CHECK(w.last().sequence == 7);
  CHECK(w.last().table->spec() == With(TestSpec(), 10));
  w.Decide(w.IdNow(), Letters("AAD"), 3, 8);
  w.Run();
  CHECK(w.now() == "AAD");
  CHECK(w.last().sequence == 8);
  CHECK(w.updates.size() == 2);
  CHECK(w.troubles.empty());
  // A decision without a flip changes the numbers, not the table.
  w.Decide(w.IdNow(), Letters("AAD"), 4, 9);
  w.Run();
  CHECK(w.last().epoch == 4);
  CHECK(w.watcher->counters().tables_built == 2);
}

TEST_CASE("status: no decision yet serves everything, or nothing with refuse_unknown") {
  for (const bool refuse : {false, true}) {
    Following w;
    w.PutSpec(With(TestSpec(), 10));
    w.Follow(refuse);
    w.Run();
    CHECK(w.now() == "???");
    CHECK(w.last().epoch == 0);
    CHECK(w.last().table->Locate("key").serving.has_value() == !refuse);
  }
}

TEST_CASE("status: only chunks that changed are read") {
  Following w;
  w.PutSpec(With(TestSpec(1500), 10));
  StatusBoard board;
  board.shards.assign(1500, Alive());
  w.Decide(w.IdNow(), board, 1, 1);
  w.Follow();
  w.Run();
  CHECK(w.watcher->counters().chunk_reads == 3);
  board.shards[700] = Dead();
  w.Decide(w.IdNow(), board, 1, 2);
  w.Run();
  CHECK(w.watcher->counters().chunk_reads == 4);
  CHECK(w.last().table->board() == board);
}

TEST_CASE("status: chunks and heads that race are never seen mixed") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Following w(seed);
    w.PutSpec(With(TestSpec(1100), 10));
    // Each decision flips one shard of each chunk together.
    StatusBoard board;
    board.shards.assign(1100, Alive());
    w.Decide(w.IdNow(), board, 1, 1);
    w.Follow();
    for (std::int64_t i = 2; i <= 80; ++i) {
      w.world.RunFor(w.world.Between(Duration(0), std::chrono::milliseconds(4)));
      for (const std::size_t at : {0u, 600u, 1090u}) board.shards[at].since = Micros(i);
      w.Decide(w.IdNow(), board, 1, i);
    }
    w.Run();
    CHECK(w.last().sequence == 80);
    std::int64_t before = 0;
    for (const auto& update : w.updates) {
      const auto& shards = update.table->board().shards;
      CHECK(shards[0].since == shards[600].since);
      CHECK(shards[0].since == shards[1090].since);
      CHECK(update.sequence > before);
      if (update.sequence > 1) CHECK(shards[0].since == Micros(update.sequence));
      before = update.sequence;
    }
    CHECK(w.troubles.empty());
  }
}

TEST_CASE("status: a spec change carries over by name and address, before any checker says so") {
  Following w;
  w.PutSpec(With(TestSpec(3), 10));
  const SpecId old_id = w.IdNow();
  w.Decide(old_id, Letters("ADA"), 1, 1);
  w.Follow();
  w.Run();
  ClusterSpec next = With(TestSpec(4), 11);
  std::swap(next.shards[0], next.shards[1]);  // s2 s1 s3 s4
  next.shards[2].addr = "10.0.0.9:1";         // s3 moved
  w.PutSpec(next);
  w.Run();
  CHECK(w.now() == "DA??");
  CHECK(w.last().table->spec() == next);

  // The leader had not seen the change: a newer decision on the old list.
  w.Decide(old_id, Letters("DDA"), 1, 2);
  w.Run();
  CHECK(w.now() == "DD??");
  w.Decide(w.IdNow(), Letters("DAAA"), 1, 3);
  w.Run();
  CHECK(w.now() == "DAAA");
}

TEST_CASE(
    "status: a head of a list that was never held leaves the shards unknown until it matches") {
  Following w;
  w.PutSpec(With(TestSpec(3), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 1, 1);
  w.PutSpec(With(TestSpec(4), 11));
  w.Follow();
  w.Run();
  CHECK(w.now() == "????");
  w.Decide(w.IdNow(), Letters("ADAA"), 1, 2);
  w.Run();
  CHECK(w.now() == "ADAA");
}

TEST_CASE("status: never goes back") {
  Following w;
  w.PutSpec(With(TestSpec(3), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 5, 50);
  w.Follow();
  w.Run();
  const auto seen = w.updates.size();
  w.Decide(w.IdNow(), Letters("AAA"), 5, 49);
  w.Run();
  w.Decide(w.IdNow(), Letters("AAA"), 4, 60);
  w.Run();
  CHECK(w.updates.size() == seen);
  CHECK(w.now() == "ADA");
  w.Decide(w.IdNow(), Letters("AAD"), 6, 51);
  w.Run();
  CHECK(w.now() == "AAD");
  // The head vanishes; the mirror, written with it, is no news.
  w.Decide(w.IdNow(), Letters("DAA"), 6, 52, true, TestSpec(3).shards);
  w.Run();
  w.ensemble.Remove(w.paths.head());
  w.Run();
  CHECK(w.now() == "DAA");
  CHECK(w.last().epoch == 6);
}

TEST_CASE("status: deleted keeps the table, created again starts over") {
  for (const bool pause : {true, false}) {
    Following w;
    w.PutSpec(With(TestSpec(3), 10));
    w.Decide(w.IdNow(), Letters("ADA"), 5, 50);
    w.Follow();
    w.Run();
    w.ensemble.Remove(w.paths.base());
    if (pause) {
      w.Run();
      REQUIRE_FALSE(w.troubles.empty());
      CHECK(w.troubles.back().code == ErrorCode::kNotFound);
      CHECK(w.now() == "ADA");
    }
    w.PutSpec(With(TestSpec(2), 5));
    w.Run();
    CHECK(w.now() == "??");
    CHECK(w.last().epoch == 0);
    w.Decide(w.IdNow(), Letters("DA"), 1, 1);
    w.Run();
    CHECK(w.now() == "DA");
    CHECK(w.last().epoch == 1);
  }
}

TEST_CASE("status: what the checkers have lost, a client that knows it keeps") {
  Following w;
  w.PutSpec(With(TestSpec(3), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 1, 1);
  w.Follow();
  w.Run();
  StatusBoard board = Letters("???");
  for (ShardState& state : board.shards) state = {.since = Micros(77), .reason = Reason::kLost};
  board.shards[0] = Dead();
  w.Decide(w.IdNow(), board, 2, 2);
  w.Run();
  CHECK(w.now() == "DDA");
  CHECK(w.last().table->board().shards[1] == Dead());
  CHECK(w.last().sequence == 2);
  w.Follow();  // one that starts now
  w.Run();
  CHECK(w.now() == "D??");
  CHECK(w.last().table->board().shards[1].since == Micros(77));
  board.shards[1] = Alive();
  w.Decide(w.IdNow(), board, 2, 3);
  w.Run();
  CHECK(w.now() == "DA?");
}

TEST_CASE("status: undecodable bytes in each znode keep the last good and are counted") {
  Following w;
  w.PutSpec(With(TestSpec(3), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 1, 1);
  w.Follow();
  w.Run();
  std::int64_t sequence = 1;
  for (const std::string& path :
       {w.paths.head(), w.paths.chunk(0), w.paths.shards(), w.paths.options(), w.paths.base()}) {
    CAPTURE(path);
    const auto bad_before = w.watcher->counters().bad_payloads;
    const auto updates_before = w.updates.size();
    const auto good = w.ensemble.Get(path)->data;
    if (path == w.paths.chunk(0)) {
      // A chunk is read when the head names it.
      w.ensemble.Put(path, "\x01\x02{");
      auto head = *DecodeHead(w.ensemble.Get(w.paths.head())->data);
      head.chunks = {w.ensemble.Get(path)->stat.version};
      head.sequence = ++sequence;
      w.ensemble.Put(w.paths.head(), EncodeHead(head));
    } else {
      w.ensemble.Put(path, "\x01\x02{");
    }
    w.Run();
    CHECK(w.watcher->counters().bad_payloads == bad_before + 1);
    REQUIRE_FALSE(w.troubles.empty());
    CHECK(w.troubles.back().code == ErrorCode::kBadData);
    CHECK(w.now() == "ADA");
    if (path != w.paths.chunk(0)) CHECK(w.updates.size() == updates_before);
    w.troubles.clear();
    w.ensemble.Put(path, good);
    w.Run();
  }
  w.Decide(w.IdNow(), Letters("DDA"), 1, sequence + 1);
  w.Run();
  CHECK(w.now() == "DDA");
}

TEST_CASE(
    "status: a chunk that is missing or not the one named does not keep the first table for ever") {
  for (const bool missing : {true, false}) {
    Following w;
    w.PutSpec(With(TestSpec(3), 10));
    w.Decide(w.IdNow(), Letters("ADA"), 1, 1);
    if (missing) {
      w.ensemble.Remove(w.paths.chunk(0));
    } else {
      w.ensemble.Put(w.paths.chunk(0), w.ensemble.Get(w.paths.chunk(0))->data);
    }
    w.Follow();
    w.Run(std::chrono::minutes(1));
    CHECK(w.now() == "???");
    REQUIRE_FALSE(w.troubles.empty());
    CHECK(w.troubles.back().code == ErrorCode::kBadData);
    CHECK(w.troubles.size() == 1);
    w.last_id = {};
    w.Decide(w.IdNow(), Letters("DDA"), 1, 2);
    w.Run();
    CHECK(w.now() == "DDA");
  }
}

TEST_CASE("status: the ensemble is away for hours") {
  Following w;
  w.PutSpec(With(TestSpec(3), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 1, 1);
  w.Follow();
  w.Run();
  w.ensemble.Down();
  w.Run(std::chrono::hours(5));
  CHECK(w.updates.size() == 1);
  CHECK(w.troubles.empty());
  w.Decide(w.IdNow(), Letters("DAA"), 2, 2);
  w.ensemble.Up();
  w.Run(std::chrono::minutes(2));
  CHECK(w.now() == "DAA");
}

TEST_CASE("status: a cluster run by Go checkers, then by ours") {
  Following w;
  std::ifstream file(std::string(ZKC_TESTDATA) + "/znodes.json");
  const auto znodes = nlohmann::json::parse(file)["znodes"];
  for (const auto& znode : znodes) {
    w.ensemble.Put(znode["path"].get<std::string>(), znode["data"].get<std::string>());
  }
  w.Follow();
  w.Run();
  CHECK(w.now() == "AAAD");
  CHECK(w.last().epoch == 0);
  CHECK(w.last().table->board().shards[3].since == Micros(1795228044326158));
  CHECK(w.last().table->spec().shards[0].name == "s<1>&a");

  auto board = w.last().table->board();
  board.shards[1] = Dead(9);
  w.ensemble.Put(w.paths.mirror(), EncodeMirror(w.last().table->spec().shards, board));
  w.Run();
  CHECK(w.now() == "ADAD");
  w.ensemble.Put(w.paths.mirror(), "[]]");
  w.Run();
  CHECK(w.now() == "ADAD");
  CHECK(w.watcher->counters().bad_payloads == 1);
  w.ensemble.Put(w.paths.go_voters(), "2");  // news of something else: it is not judged again
  w.Run();
  CHECK(w.watcher->counters().bad_payloads == 1);

  w.ensemble.Put(w.paths.chunks(), "");
  w.Decide(w.IdNow(), Letters("DDDA"), 1, 1);
  w.Run();
  CHECK(w.now() == "DDDA");
  CHECK(w.last().epoch == 1);
  // Back to Go checkers: an operator removed `quorum`, and they write.
  w.ensemble.Remove(w.paths.quorum());
  w.Run();
  CHECK(w.now() == "DDDA");
  w.ensemble.Put(w.paths.mirror(), EncodeMirror(w.last().table->spec().shards, Letters("AADA")));
  w.Run();
  CHECK(w.now() == "AADA");
}

TEST_CASE("status: what Go checkers decide beside a head that nobody can read is followed") {
  Following w;
  w.PutSpec(With(TestSpec(4), 1));
  w.ensemble.Put(w.paths.go_voters(), "");
  w.Follow();
  w.Decide(w.IdNow(), Letters("AAAA"), 1, 1);
  w.Run();
  CHECK(w.now() == "AAAA");
  w.ensemble.Put(w.paths.head(), "");
  w.Run();
  CHECK(w.now() == "AAAA");
  w.ensemble.PutEphemeral(w.paths.go_voters() + "/n_0000000000", "{}");
  w.ensemble.Put(w.paths.go_voters(), "1");
  w.ensemble.Put(w.paths.mirror(), EncodeMirror(TestSpec(4).shards, Letters("ADAA")));
  w.Run();
  CHECK(w.now() == "ADAA");
}

TEST_CASE("status: random trouble on the way, specs and decisions changing") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Following w(seed);
    int shards = 600;
    std::uint64_t version = 1;
    w.PutSpec(With(TestSpec(shards), version));
    w.Follow();
    StatusBoard board;
    for (std::int64_t i = 1; i <= 60; ++i) {
      if (w.world.Below(5) == 0) {
        shards = 300 + static_cast<int>(w.world.Below(900));
        w.PutSpec(With(TestSpec(shards), ++version));
        w.world.RunFor(w.world.Between(Duration(0), std::chrono::milliseconds(5)));
      }
      board.shards.assign(static_cast<std::size_t>(shards), Alive(i));
      w.Decide(w.IdNow(), board, i / 10, i);
      w.world.RunFor(w.world.Between(Duration(0), std::chrono::milliseconds(20)));
      switch (w.world.Below(10)) {
        case 0:
          w.ensemble.Reset(*w.client);
          break;
        case 1:
          w.ensemble.LoseAnswers(*w.client, 1);
          break;
        case 2:
          w.ensemble.DropRequests(*w.client, 1);
          break;
        case 3:
          w.ensemble.Expire(*w.client);
          break;
        default:
          break;
      }
    }
    w.Run(std::chrono::minutes(2));
    CHECK(w.last().table->board() == board);
    CHECK(w.last().sequence == 60);
    CHECK(w.last().table->spec().version == version);
    std::int64_t sequence = 0;
    std::uint64_t spec_version = 0;
    for (const auto& update : w.updates) {
      CHECK(update.sequence >= sequence);
      CHECK(update.table->spec().version >= spec_version);
      sequence = update.sequence;
      spec_version = update.table->spec().version;
    }
    CHECK(w.troubles.empty());
  }
}

TEST_CASE("status: a chunk of a cluster that was made again is never read into the old one's") {
  Following w;
  w.PutSpec(With(TestSpec(), 10));
  w.Decide(w.IdNow(), Letters("ADA"), 2, 4);
  w.Follow();
  // Between the head and its chunk: the same version of the same path, and another cluster.
  w.ensemble.SetFate(*w.client, [&](const Request& request) {
    if (request.path != w.paths.chunk(0) || request.verb != Verb::kGet) return Fate::kServe;
    const auto chunk = *w.ensemble.Get(w.paths.chunk(0));
    w.ensemble.Remove(w.paths.chunk(0));
    w.ensemble.Put(w.paths.chunk(0), EncodeChunk(Letters("DDD"), 0));
    REQUIRE(w.ensemble.Get(w.paths.chunk(0))->stat.version == chunk.stat.version);
    w.ensemble.SetFate(*w.client, nullptr);
    return Fate::kServe;
  });
  w.Run();
  for (const auto& update : w.updates) {
    for (const auto& shard : update.table->board().shards) {
      CHECK((shard.status == ShardStatus::kUnknown || update.epoch != 2));
    }
  }
}

TEST_CASE(
    "status: a lost row and a return that was missed: stand-ins are not trusted from before") {
  StatusWorld w;
  Operator one(w.world, w.ensemble);
  REQUIRE(w.Create(one, TestSpec(2)));
  SimLoop loop(w.world, "program");
  auto client = w.ensemble.NewClient(loop, std::chrono::seconds(60));
  std::shared_ptr<const RoutingTable> table;
  StatusWatcher watcher(
      loop, *client, w.paths, false,
      {[&](const StatusWatcher::Update& update) { table = update.table; }, [](const Error&) {}});
  const SpecId id = w.IdNow();
  w.Decide(id, BoardOf({Dead(100), Alive(1)}), 1, 1);
  w.world.RunFor(std::chrono::seconds(5));
  REQUIRE(table);
  REQUIRE(table->board().shards[0] == Dead(100));
  w.ensemble.Disconnect(*client);
  w.Decide(id, BoardOf({Alive(200), Alive(1)}), 1, 2);  // serves, and is written to, meanwhile
  w.Decide(id, BoardOf({Dead(300), Alive(1)}), 1, 3);
  const ShardState lost{.since = Micros(400), .reason = Reason::kLost};
  w.Decide(id, BoardOf({lost, Alive(1)}), 1, 4);
  w.ensemble.Reconnect(*client);
  w.world.RunFor(std::chrono::seconds(10));
  CHECK(table->board().shards[0].status == ShardStatus::kDead);
  CHECK(table->board().shards[0].since >= Micros(300));
}

}  // namespace status_watcher_test
