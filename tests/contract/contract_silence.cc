// The contract of zk::Client: connections and servers that fall silent.
#include "tests/contract/contract_bench.h"

namespace zkcluster::contract {
namespace {

TEST_CASE("silence: suspended before the session can have expired, then lost, then a new session") {
  const Bench bench;
  const Seen seen(*bench.client);
  const auto generation = bench.client->generation();
  const auto session = bench.client->session_id();
  REQUIRE(bench.Create(bench.root + "/e", "", zk::CreateMode::kEphemeral));
  const auto watcher = bench.Connected();
  const Answer<std::string> create;
  bench.world->Mute(*bench.client);
  bench.client->Create(bench.root + "/a", "", zk::CreateMode::kPersistent, create.Callback());
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kSuspended));
  // A suspended session still has its ephemerals: this is the purpose of the early judgement.
  const auto still = bench.Await<std::optional<zk::Stat>>(
      [&](auto done) { watcher->Exists(bench.root + "/e", {}, done); });
  REQUIRE(still);
  CHECK(still->has_value());
  REQUIRE(bench.world->RunUntil([&] { return create.done(); }));
  CHECK(CodeOf(create.get()) == ErrorCode::kUnknownOutcome);
  REQUIRE(bench.world->RunUntil(
      [&] { return !seen.events.empty() && seen.states().back() != SessionState::kSuspended; }));
  CHECK(seen.events[0].state == SessionState::kSuspended);
  CHECK(seen.events[1].state == SessionState::kLost);
  CHECK(seen.events[1].session_id == session);
  CHECK(seen.events[1].generation == generation);
  bench.world->Mend(*bench.client);
  REQUIRE(AwaitNewSession(bench, generation));
  CHECK(bench.client->session_id() != session);
  CHECK(create.count() == 1);
}

TEST_CASE("muted to the server: events still arrive, nothing sent does; suspended in good time") {
  const Bench bench;
  const auto other = bench.Connected();
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "0"));
  const Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  const Answer<std::string> create;
  bench.world->MuteToServer(*bench.client);
  bench.client->Create(bench.root + "/lost", "", zk::CreateMode::kPersistent, create.Callback());
  REQUIRE(bench.SetBy(*other, path, "1", 0));
  REQUIRE(bench.world->RunUntil([&] { return watching.count() == 1; }));
  CHECK(bench.client->state() == SessionState::kConnected);
  CHECK_FALSE(create.done());
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kSuspended));
  REQUIRE(bench.world->RunUntil([&] { return create.done(); }));
  CHECK(CodeOf(create.get()) == ErrorCode::kUnknownOutcome);
  bench.world->Mend(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  CHECK_FALSE(bench.Exists(bench.root + "/lost")->has_value());
}

TEST_CASE("muted to the client: what it sends takes effect, it hears nothing; unknown outcome") {
  const Bench bench;
  const auto other = bench.Connected();
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "0"));
  const Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  const auto session = bench.client->session_id();
  const Answer<zk::Stat> set;
  bench.world->MuteToClient(*bench.client);
  bench.client->Set(path, "1", 0, set.Callback());
  const auto version = [&] {
    return bench.Await<zk::Node>([&](auto done) { other->Get(path, {}, done); })->stat.version;
  };
  bool effect = false;
  for (int i = 0; i < 1000 && !effect; ++i) effect = version() == 1;
  CHECK(effect);
  CHECK_FALSE(set.done());
  REQUIRE(bench.world->RunUntil([&] { return set.done(); }));
  CHECK(CodeOf(set.get()) == ErrorCode::kUnknownOutcome);
  CHECK(bench.client->state() != SessionState::kConnected);
  CHECK(watching.count() == 0);
  bench.world->Mend(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  // The server sends the missed events if the session is still the same.
  if (bench.client->session_id() == session) {
    CHECK(bench.world->RunUntil([&] { return watching.count() == 1; }));
  }
}

TEST_CASE("answer lost: the outcome is unknown though it took effect") {
  const Bench bench;
  const auto session = bench.client->session_id();
  bench.world->LoseNextAnswer(*bench.client);
  CHECK(CodeOf(bench.Create(bench.root + "/a", "mine")) == ErrorCode::kUnknownOutcome);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  CHECK(bench.client->session_id() == session);
  const auto node = bench.Get(bench.root + "/a");
  REQUIRE(node);
  CHECK(node->data == "mine");
}

TEST_CASE("server stops and starts: the session and its ephemerals survive") {
  const Bench bench;
  const Seen seen(*bench.client);
  const auto session = bench.client->session_id();
  REQUIRE(bench.Create(bench.root + "/e", "kept", zk::CreateMode::kEphemeral));
  bench.world->StopServer();
  REQUIRE(bench.world->RunUntil([&] { return !seen.events.empty(); }));
  CHECK(seen.events[0].state == SessionState::kSuspended);
  bench.world->StartServer();
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  // A start that takes longer than the timeout may end the session; then that must
  // have been reported.
  const bool survived = bench.client->session_id() == session;
  if (survived) {
    CHECK(bench.Get(bench.root + "/e")->data == "kept");
  } else {
    bool announced = false;
    for (const auto& event : seen.events)
      announced = announced || event.state == SessionState::kLost;
    CHECK(announced);
  }
}

TEST_CASE("server away for longer than the session: its ephemerals do not outlive the return") {
  const Bench bench;
  REQUIRE(bench.Create(bench.root + "/e", "", zk::CreateMode::kEphemeral));
  bench.world->StopServer();
  REQUIRE(bench.world->RunUntil([&] { return bench.client->generation() == 2; }));
  bench.world->StartServer();
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  // The server gives the old session its full time again; the client has ended it before.
  const Watching watching;
  const auto stat = bench.Exists(bench.root + "/e", watching.watch());
  REQUIRE(stat);
  if (*stat) {
    CHECK(bench.world->RunUntil([&] { return watching.count() == 1; },
                                bench.world->session_timeout() / 2));
  }
}

}  // namespace
}  // namespace zkcluster::contract
