// What the contract (tests/contract) does not reach: the hooks and inspections that only the fake
// has.
#include "tests/fakes/fake_ensemble.h"

#include <doctest/doctest.h>

#include <limits>

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Bench {
  Bench() {
    REQUIRE(RunUntil([&] { return client->state() == SessionState::kConnected; }));
  }
  bool RunUntil(const std::function<bool()>& done) { return world.RunUntil(done, seconds(30)); }
  Result<std::string> Create(const std::string& path, zk::CreateMode mode) {
    std::optional<Result<std::string>> answer;
    client->Create(path, "", mode, [&](Result<std::string> r) { answer = std::move(r); });
    REQUIRE(RunUntil([&] { return answer.has_value(); }));
    return *answer;
  }

  SimWorld world;
  SimLoop loop{world};
  FakeEnsemble ensemble{world};
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, seconds(4));
};

TEST_CASE("sequence numbers: wrap into negative ones, still sortable by nobody") {
  Bench bench;
  bench.ensemble.Put("/q", "");
  bench.ensemble.SetSequence("/q", std::numeric_limits<std::int32_t>::max());
  CHECK(*bench.Create("/q/n_", zk::CreateMode::kPersistentSequential) == "/q/n_2147483647");
  CHECK(*bench.Create("/q/n_", zk::CreateMode::kPersistentSequential) == "/q/n_-2147483648");
  CHECK(*bench.Create("/q/n_", zk::CreateMode::kPersistentSequential) == "/q/n_-2147483647");
  bench.ensemble.SetSequence("/q", -5);
  CHECK(*bench.Create("/q/n_", zk::CreateMode::kPersistentSequential) == "/q/n_-000000005");
}

TEST_CASE("request dropped: unknown outcome without effect; answer lost: with effect") {
  Bench bench;
  const RequestPredicate creates_b = [](const Request& r) { return r.path == "/b"; };
  bench.ensemble.DropRequest(*bench.client, creates_b);
  CHECK(bench.Create("/a", zk::CreateMode::kPersistent));
  auto answer = bench.Create("/b", zk::CreateMode::kPersistent);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kUnknownOutcome);
  CHECK_FALSE(bench.ensemble.Exists("/b"));
  REQUIRE(bench.RunUntil([&] { return bench.client->state() == SessionState::kConnected; }));
  bench.ensemble.LoseAnswer(*bench.client, creates_b);
  answer = bench.Create("/b", zk::CreateMode::kPersistent);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kUnknownOutcome);
  CHECK(bench.ensemble.Exists("/b"));
}

TEST_CASE("history: each transaction with its session; a session's end is one") {
  Bench bench;
  const auto session = bench.client->session_id();
  bench.ensemble.Put("/p", "x");
  REQUIRE(bench.Create("/p/e_", zk::CreateMode::kEphemeralSequential));
  REQUIRE(bench.Create("/p/e_", zk::CreateMode::kEphemeralSequential));
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

TEST_CASE("ensemble down: no session expires, and all have their time anew") {
  Bench bench;
  REQUIRE(bench.Create("/e", zk::CreateMode::kEphemeral));
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

TEST_CASE("process paused longer than its session: it reads lost before any event tells so") {
  Bench bench;
  REQUIRE(bench.Create("/e", zk::CreateMode::kEphemeral));
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

}  // namespace
}  // namespace zkcluster::sim
