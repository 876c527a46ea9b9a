// Tests of what the contract (tests/contract) does not cover: hooks and inspections that only the
// fake has. For several servers see fake_quorum_test.cc.
#include "tests/fakes/fake_ensemble.h"

#include <limits>

#include "tests/support/fake_bench.h"

namespace zkcluster::sim::fake_ensemble_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string CreateSequential(FakeBench& bench, const std::string& prefix) {
  const auto path = bench.Create(*bench.client, prefix, zk::CreateMode::kPersistentSequential);
  return path ? *path : std::string(ErrorCodeName(path.error().code));
}

std::string Exists() {
  return std::string(ErrorCodeName(ErrorCode::kExists));
}

// As a real 3.8.0 did, with a parent whose counter its log had set to 2147483645.
TEST_CASE("sequence numbers: at their maximum the counter and pzxid stop") {
  FakeBench bench;
  bench.ensemble.Put("/q", "");
  bench.ensemble.Put("/q/seed", "");
  bench.ensemble.SetSequence("/q", 2147483645);
  const auto stat = [&] { return bench.ensemble.Get("/q")->stat; };
  CHECK(stat().children_version == -7);
  CHECK(CreateSequential(bench, "/q/n_") == "/q/n_2147483645");
  CHECK(stat().children_version == -6);
  CHECK(CreateSequential(bench, "/q/n_") == "/q/n_2147483646");
  CHECK(stat().children_version == -5);
  const auto pzxid = stat().pzxid;
  CHECK(CreateSequential(bench, "/q/n_") == "/q/n_2147483647");
  CHECK(stat().children_version == -6);
  CHECK(CreateSequential(bench, "/q/n_") == Exists());
  CHECK(CreateSequential(bench, "/q/m_") == "/q/m_2147483647");
  CHECK(CreateSequential(bench, "/q/m_") == Exists());
  CHECK(stat().children_version == -7);
  CHECK(stat().pzxid == pzxid);
  bench.ensemble.Remove("/q/n_2147483647");
  CHECK(stat().pzxid > pzxid);
  CHECK(CreateSequential(bench, "/q/n_") == "/q/n_2147483647");
}

TEST_CASE("sequence numbers: beyond their end within one multi, negative ones") {
  FakeBench bench;
  bench.ensemble.Put("/q", "");
  bench.ensemble.SetSequence("/q", std::numeric_limits<std::int32_t>::max());
  const zk::Op op = zk::CreateOp{"/q/z_", "", zk::CreateMode::kPersistentSequential};
  const auto done = bench.ensemble.Commit({op, op, op});
  REQUIRE(done);
  CHECK((*done)[0].created_path == "/q/z_2147483647");
  CHECK((*done)[1].created_path == "/q/z_-2147483648");
  CHECK((*done)[2].created_path == "/q/z_-2147483647");
  CHECK(CreateSequential(bench, "/q/y_") == "/q/y_2147483647");
}

TEST_CASE("request dropped: unknown outcome without effect; answer lost: with effect") {
  FakeBench bench;
  const RequestPredicate creates_b = [](const Request& r) { return r.path == "/b"; };
  bench.ensemble.DropRequest(*bench.client, creates_b);
  CHECK(bench.Create(*bench.client, "/a"));
  auto answer = bench.Create(*bench.client, "/b");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kUnknownOutcome);
  CHECK_FALSE(bench.ensemble.Exists("/b"));
  REQUIRE(bench.RunUntil([&] { return bench.client->state() == SessionState::kConnected; }));
  bench.ensemble.LoseAnswer(*bench.client, creates_b);
  answer = bench.Create(*bench.client, "/b");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kUnknownOutcome);
  CHECK(bench.ensemble.Exists("/b"));
}

TEST_CASE("history: each transaction with its session; a session's end is one") {
  FakeBench bench;
  const auto session = bench.client->session_id();
  bench.ensemble.Put("/p", "x");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(bench.Create(*bench.client, "/p/e_", zk::CreateMode::kEphemeralSequential));
  }
  bench.ensemble.Expire(*bench.client);
  const auto& history = bench.ensemble.history();
  REQUIRE(history.size() == 4);
  CHECK(history[0].session_id == 0);
  CHECK(history[1].session_id == session);
  CHECK(std::get<zk::CreateOp>(history[1].ops[0]).path == "/p/e_0000000000");
  CHECK(history[3].ends_session);
  CHECK(history[3].session_id == session);
  CHECK(history[3].ops.size() == 2);
  CHECK(bench.ensemble.Children("/p").empty());
  for (std::size_t i = 1; i < history.size(); ++i)
    CHECK(history[i].zxid == history[i - 1].zxid + 1);
}

TEST_CASE("history: a listener gets each commit when it is visible, and only the newest are kept") {
  FakeBench bench;
  bench.ensemble.KeepHistory(2);
  std::vector<std::int64_t> heard;
  bool shown = true;
  Subscription subscription = bench.ensemble.OnCommit([&](const Transaction& transaction) {
    heard.push_back(transaction.zxid);
    for (const auto& op : transaction.ops) {
      shown = shown && bench.ensemble.Exists(std::get<zk::CreateOp>(op).path);
    }
  });
  for (const char* path : {"/a", "/b", "/c"}) REQUIRE(bench.Create(*bench.client, path));
  CHECK(heard == std::vector<std::int64_t>{1, 2, 3});
  CHECK(shown);
  REQUIRE(bench.ensemble.history().size() == 2);
  CHECK(bench.ensemble.history().front().zxid == 2);
  subscription.reset();
  bench.ensemble.Put("/d", "");
  CHECK(heard.size() == 3);
}

TEST_CASE("ensemble down: no session expires, and all have their full time again") {
  FakeBench bench;
  REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
  bench.ensemble.Down();
  bench.world.RunFor(seconds(60));
  CHECK(bench.ensemble.Exists("/e"));
  bench.ensemble.Mute(*bench.client);
  bench.ensemble.Up();
  bench.world.RunFor(milliseconds(3900));
  CHECK(bench.ensemble.Exists("/e"));
  bench.world.RunFor(milliseconds(200));
  CHECK_FALSE(bench.ensemble.Exists("/e"));
}

TEST_CASE("process paused longer than its session: it reads lost before any event says so") {
  FakeBench bench;
  REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
  bench.loop.Pause(seconds(15));
  bench.world.RunFor(milliseconds(14'999));
  CHECK_FALSE(bench.ensemble.Exists("/e"));
  CHECK(bench.client->state() == SessionState::kLost);
  std::optional<ErrorCode> code;
  bench.client->Exists("/e", {}, [&](const auto& stat) { code = stat.error().code; });
  REQUIRE(bench.RunUntil([&] { return code.has_value(); }));
  CHECK(*code == ErrorCode::kUnavailable);
  CHECK(bench.RunUntil([&] {
    return bench.client->generation() == 2 && bench.client->state() == SessionState::kConnected;
  }));
}

// --- one fate for all ---

TEST_CASE("fate of all: sees each request of all clients, numbered, and its own clients' fates") {
  FakeBench bench;
  SimLoop other_loop{bench.world, "other"};
  const auto other = bench.Connected(other_loop);
  std::vector<std::string> seen;
  bench.ensemble.SetFateOfAll([&](const Arrival& arrival) {
    REQUIRE(arrival.process != nullptr);
    seen.push_back(std::to_string(arrival.number) + " " + arrival.process->name() + " " +
                   arrival.request.path);
    CHECK(arrival.server == 0);
    CHECK(arrival.session_id ==
          (arrival.process == &other_loop ? other : bench.client)->session_id());
    return Fate::kServe;
  });
  bench.ensemble.LoseAnswers(*other, 1);
  REQUIRE(bench.Create(*bench.client, "/a"));
  CHECK_FALSE(bench.Create(*other, "/b"));
  bench.ensemble.SetFateOfAll(nullptr);
  REQUIRE(bench.Create(*bench.client, "/c"));
  CHECK(seen == std::vector<std::string>{"1 process /a", "2 other /b"});
  CHECK(bench.ensemble.Exists("/b"));
}

TEST_CASE("fate of all: the session ends before the request is served") {
  for (const int servers : {1, 3}) {
    FakeBench bench(servers);
    REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
    bench.ensemble.SetFateOfAll([](const Arrival& arrival) {
      return arrival.request.path == "/a" ? Fate::kKillSession : Fate::kServe;
    });
    CHECK_FALSE(bench.Create(*bench.client, "/a"));
    CHECK_FALSE(bench.ensemble.Exists("/a"));
    CHECK_FALSE(bench.ensemble.Exists("/e"));
    CHECK(bench.RunUntil([&] {
      return bench.client->generation() == 2 && bench.client->state() == SessionState::kConnected;
    }));
  }
}

TEST_CASE("fate of all: it may pause the process, or kill it, and the request goes its way") {
  for (const bool kill : {false, true}) {
    for (const Fate fate :
         {Fate::kServe, Fate::kLoseAnswer, Fate::kDropRequest, Fate::kKillSession}) {
      CAPTURE(kill);
      FakeBench bench;
      bench.ensemble.SetFateOfAll([&](const Arrival& arrival) {
        if (kill) {
          bench.client.reset();
        } else {
          arrival.process->Pause(seconds(8));
        }
        return fate;
      });
      bool answered = false;
      bench.client->Create("/a", "", zk::CreateMode::kPersistent,
                           [&](const auto&) { answered = true; });
      bench.world.RunFor(seconds(7));
      CHECK_FALSE(answered);
      CHECK(bench.ensemble.Exists("/a") == (fate == Fate::kServe || fate == Fate::kLoseAnswer));
      bench.world.RunFor(seconds(7));
      CHECK(answered == !kill);
    }
  }
}

// --- one-way cuts, late events ---

struct Seen {
  zk::Watch watch() const { return function; }
  int count = 0;
  std::shared_ptr<zk::WatchFunction> function =
      std::make_shared<zk::WatchFunction>([this](const zk::WatchEvent&) { ++count; });
};

TEST_CASE("muted to the server: events still arrive; nothing sent does, and the session ends") {
  FakeBench bench;
  bench.ensemble.Put("/a", "");
  REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
  const Seen seen;
  REQUIRE(bench.Get(*bench.client, "/a", seen.watch()));
  bench.ensemble.MuteToServer(*bench.client);
  bool answered = false;
  bench.client->Set("/a", "mine", 0, [&](const auto&) { answered = true; });
  bench.world.RunFor(milliseconds(500));
  CHECK_FALSE(answered);
  bench.ensemble.Put("/a", "other");
  CHECK(bench.RunUntil([&] { return seen.count == 1; }));
  CHECK(bench.client->state() == SessionState::kConnected);
  REQUIRE(bench.RunUntil([&] { return bench.client->state() == SessionState::kSuspended; }));
  REQUIRE(bench.RunUntil([&] { return !bench.ensemble.Exists("/e"); }));
  CHECK(bench.ensemble.Get("/a")->data == "other");
  bench.ensemble.Reconnect(*bench.client);
  CHECK(bench.RunUntil([&] {
    return bench.client->generation() == 2 && bench.client->state() == SessionState::kConnected;
  }));
}

TEST_CASE("muted to the client: what it sends takes effect, and it hears of nothing") {
  FakeBench bench;
  bench.ensemble.Put("/a", "");
  const Seen seen;
  REQUIRE(bench.Get(*bench.client, "/a", seen.watch()));
  bench.ensemble.MuteToClient(*bench.client);
  std::optional<ErrorCode> code;
  bench.client->Set("/a", "mine", 0, [&](const auto& stat) { code = stat.error().code; });
  REQUIRE(bench.RunUntil([&] { return bench.ensemble.Get("/a")->data == "mine"; }));
  CHECK_FALSE(code);
  REQUIRE(bench.RunUntil([&] { return bench.client->state() == SessionState::kSuspended; }));
  CHECK(code == ErrorCode::kUnknownOutcome);
  CHECK(seen.count == 0);
  bench.ensemble.Reconnect(*bench.client);
  CHECK(bench.RunUntil([&] { return seen.count == 1; }));  // sent on the new connection
}

TEST_CASE("events delayed: what follows on the connection waits behind them") {
  FakeBench bench;
  bench.ensemble.Put("/a", "0");
  const Seen seen;
  REQUIRE(bench.Get(*bench.client, "/a", seen.watch()));
  bench.ensemble.SetEventDelay(*bench.client, seconds(1));
  const auto began = bench.world.now();
  CHECK(bench.Get(*bench.client, "/a")->data == "0");
  CHECK(bench.world.now() - began < milliseconds(10));
  bench.ensemble.Put("/a", "1");
  int seen_at_answer = -1;
  bench.client->Get("/a", {}, [&](const auto&) { seen_at_answer = seen.count; });
  bench.world.RunFor(milliseconds(900));
  CHECK(seen.count == 0);
  CHECK(seen_at_answer == -1);
  bench.world.RunFor(milliseconds(200));
  CHECK(seen_at_answer == 1);
}

}  // namespace
}  // namespace zkcluster::sim::fake_ensemble_test
