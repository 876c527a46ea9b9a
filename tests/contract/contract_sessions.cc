// The contract of zk::Client: sessions, and disturbances while verbs are under
// way. Silence: contract_silence.cc.
#include "tests/contract/contract_bench.h"

namespace zkcluster::contract {
namespace {

TEST_CASE("session: connects by itself and says so") {
  const auto world = NewContractWorld();
  const auto client = world->NewClient();
  const Seen seen(*client);
  CHECK(client->state() == SessionState::kConnecting);
  CHECK(client->session_id() == 0);
  CHECK(client->last_contact() == TimePoint::min());
  REQUIRE(world->RunUntil([&] { return !seen.events.empty(); }));
  CHECK(seen.events[0].state == SessionState::kConnected);
  CHECK(seen.events[0].session_id != 0);
  CHECK(seen.events[0].session_id == client->session_id());
  CHECK(seen.events[0].generation == client->generation());
  CHECK(client->generation() >= 1);
  CHECK(client->session_timeout() == world->session_timeout());
  CHECK(client->last_contact() > TimePoint::min());
}

TEST_CASE("session: idle for three timeouts it stays connected") {
  const Bench bench;
  const Seen seen(*bench.client);
  const auto session = bench.client->session_id();
  const auto contact = bench.client->last_contact();
  bench.world->RunFor(3 * bench.world->session_timeout());
  CHECK(bench.client->state() == SessionState::kConnected);
  CHECK(bench.client->session_id() == session);
  CHECK(bench.client->last_contact() > contact);
  CHECK(seen.events.empty());
}

TEST_CASE("not connected: a verb fails as unavailable, exactly once, not before it returns") {
  const auto world = NewContractWorld();
  const auto client = world->NewClient();
  const Answer<zk::Node> get;
  const Answer<std::optional<zk::Stat>> exists;
  const Answer<std::vector<std::string>> children;
  const Answer<std::string> create;
  const Answer<zk::Stat> set;
  const Answer<void> remove, sync;
  const Answer<std::vector<zk::OpResult>> multi;
  const std::string path = world->root() + "/unavailable";
  client->Get(path, {}, get.Callback());
  client->Exists(path, {}, exists.Callback());
  client->Children(path, {}, children.Callback());
  client->Create(path, "", zk::CreateMode::kPersistent, create.Callback());
  client->Set(path, "", 0, set.Callback());
  client->Delete(path, 0, remove.Callback());
  client->Sync(path, sync.Callback());
  client->Multi({zk::CreateOp{path, "", zk::CreateMode::kPersistent}}, multi.Callback());
  CHECK_FALSE(get.done());
  CHECK_FALSE(multi.done());
  REQUIRE(world->RunUntil([&] { return client->state() == SessionState::kConnected; }));
  REQUIRE(world->RunUntil([&] { return multi.done(); }));
  world->RunFor(std::chrono::milliseconds(100));
  CHECK(get.count() == 1);
  CHECK(CodeOf(get.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(exists.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(children.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(create.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(set.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(remove.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(sync.get()) == ErrorCode::kUnavailable);
  CHECK(CodeOf(multi.get()) == ErrorCode::kUnavailable);
  CHECK(multi.count() == 1);
  // Nothing was queued.
  const Answer<std::optional<zk::Stat>> after;
  client->Exists(path, {}, after.Callback());
  REQUIRE(world->RunUntil([&] { return after.done(); }));
  REQUIRE(after.get());
  CHECK_FALSE(after.get()->has_value());
}

TEST_CASE("connection breaks: suspended, unavailable meanwhile, then the same session goes on") {
  const Bench bench;
  const Seen seen(*bench.client);
  const auto session = bench.client->session_id();
  const auto generation = bench.client->generation();
  REQUIRE(bench.Create(bench.root + "/e", "", zk::CreateMode::kEphemeral));
  bench.world->Break(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kSuspended));
  CHECK(bench.client->session_id() == session);
  CHECK(CodeOf(bench.Create(bench.root + "/no")) == ErrorCode::kUnavailable);
  bench.world->Mend(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  CHECK(bench.client->session_id() == session);
  CHECK(bench.client->generation() == generation);
  CHECK_FALSE(bench.Exists(bench.root + "/no")->has_value());
  CHECK(bench.Exists(bench.root + "/e")->has_value());
  CHECK(seen.states() ==
        std::vector<SessionState>{SessionState::kSuspended, SessionState::kConnected});
}

TEST_CASE("connection breaks: verbs under way have an unknown outcome, exactly once, in order") {
  const Bench bench;
  bench.world->Mute(*bench.client);
  std::vector<int> order;
  const Answer<std::string> create;
  const Answer<zk::Node> get;
  bench.client->Create(bench.root + "/a", "", zk::CreateMode::kPersistent,
                       [&, done = create.Callback()](Result<std::string> r) {
                         order.push_back(1);
                         done(std::move(r));
                       });
  bench.client->Get(bench.root, {}, [&, done = get.Callback()](Result<zk::Node> r) {
    order.push_back(2);
    done(std::move(r));
  });
  bench.world->Break(*bench.client);
  REQUIRE(bench.world->RunUntil([&] { return create.done() && get.done(); }));
  CHECK(CodeOf(create.get()) == ErrorCode::kUnknownOutcome);
  CHECK(CodeOf(get.get()) == ErrorCode::kUnknownOutcome);
  CHECK(order == std::vector<int>{1, 2});
  bench.world->Mend(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  bench.world->RunFor(std::chrono::milliseconds(200));
  CHECK(create.count() == 1);
  CHECK(get.count() == 1);
  // It never reached the server, and nothing is sent again.
  CHECK_FALSE(bench.Exists(bench.root + "/a")->has_value());
}

TEST_CASE("session expires: lost, ephemerals gone, a new session of a greater generation") {
  const Bench bench;
  const Seen seen(*bench.client);
  const auto generation = bench.client->generation();
  const auto session = bench.client->session_id();
  REQUIRE(bench.Create(bench.root + "/e", "", zk::CreateMode::kEphemeral));
  REQUIRE(bench.Create(bench.root + "/p"));
  bench.world->ExpireSession(*bench.client);
  REQUIRE(AwaitNewSession(bench, generation));
  CHECK(bench.client->session_id() != session);
  CHECK_FALSE(bench.Exists(bench.root + "/e")->has_value());
  CHECK(bench.Exists(bench.root + "/p")->has_value());

  std::size_t lost = 0;
  for (const auto& event : seen.events) {
    if (event.state == SessionState::kLost) {
      ++lost;
      CHECK(event.session_id == session);
      CHECK(event.generation == generation);
    }
  }
  CHECK(lost == 1);
  REQUIRE_FALSE(seen.events.empty());
  CHECK(seen.events.back().state == SessionState::kConnected);
  CHECK(seen.events.back().session_id == bench.client->session_id());
  CHECK(seen.events.back().generation == bench.client->generation());
  // The new session works like any other.
  CHECK(bench.Create(bench.root + "/e", "", zk::CreateMode::kEphemeral));
}

TEST_CASE("session expires: verbs under way fail, exactly once, and a multi does not crash") {
  const Bench bench;
  const auto generation = bench.client->generation();
  bench.world->ExpireSession(*bench.client);
  const Answer<std::vector<zk::OpResult>> multi;
  const Answer<zk::Node> get;
  bench.client->Multi(
      {zk::CheckOp{bench.root, 0}, zk::CreateOp{bench.root + "/a", "", zk::CreateMode::kPersistent},
       zk::SetOp{bench.root, "x", 0}},
      multi.Callback());
  bench.client->Get(bench.root, {}, get.Callback());
  REQUIRE(AwaitNewSession(bench, generation));
  REQUIRE(bench.world->RunUntil([&] { return multi.done() && get.done(); }));
  bench.world->RunFor(std::chrono::milliseconds(100));
  for (const auto code : {CodeOf(multi.get()), CodeOf(get.get())}) {
    const bool expected = code == ErrorCode::kSessionLost || code == ErrorCode::kUnknownOutcome ||
                          code == ErrorCode::kUnavailable;
    CHECK_MESSAGE(expected, doctest::StringMaker<std::optional<ErrorCode>>::convert(code));
  }
  CHECK(multi.count() == 1);
  CHECK(get.count() == 1);
  CHECK_FALSE(bench.Exists(bench.root + "/a")->has_value());
}

TEST_CASE("session events: never from within a verb, and a subscription ends with its handle") {
  const Bench bench;
  bool within = false;
  bool called_within = false;
  std::size_t events = 0;
  Subscription subscription = bench.client->OnSession([&](const zk::SessionEvent&) {
    ++events;
    called_within = called_within || within;
  });
  bench.world->Break(*bench.client);
  while (bench.client->state() == SessionState::kConnected) {
    within = true;
    bench.client->Exists(bench.root, {}, [](const auto&) {});
    within = false;
    bench.world->RunFor(std::chrono::milliseconds(1));
  }
  REQUIRE(bench.world->RunUntil([&] { return events == 1; }));
  CHECK_FALSE(called_within);
  subscription.reset();
  bench.world->Mend(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  CHECK(events == 1);
}

TEST_CASE("close: ephemerals are gone at once and verbs under way are answered first") {
  const Bench bench;
  auto leaving = bench.Connected();
  REQUIRE(bench.CreateBy(*leaving, bench.root + "/e", "", zk::CreateMode::kEphemeral));
  REQUIRE(bench.Sync(bench.root));
  const Watching watching;
  REQUIRE(bench.Exists(bench.root + "/e", watching.watch()));
  const Answer<std::string> create;
  bool closed = false;
  bool answered_before = false;
  leaving->Create(bench.root + "/p", "", zk::CreateMode::kPersistent, create.Callback());
  leaving->Close([&] {
    closed = true;
    answered_before = create.done();
  });
  CHECK_FALSE(closed);
  REQUIRE(bench.world->RunUntil([&] { return closed; }));
  CHECK(answered_before);
  CHECK(create.count() == 1);
  REQUIRE(bench.world->RunUntil([&] { return watching.count() == 1; },
                                bench.world->session_timeout() / 4));
  CHECK(watching.events()[0].kind == zk::WatchKind::kDeleted);
  CHECK_FALSE(bench.Exists(bench.root + "/e")->has_value());
}

TEST_CASE("close: returns within two seconds when the server does not answer") {
  const Bench bench;
  auto leaving = bench.Connected();
  bench.world->Mute(*leaving);
  bool closed = false;
  leaving->Close([&] { closed = true; });
  CHECK(bench.world->RunUntil([&] { return closed; }, std::chrono::seconds(4)));
}

TEST_CASE("close: before there was a session") {
  const auto world = NewContractWorld();
  const auto client = world->NewClient();
  bool closed = false;
  client->Close([&] { closed = true; });
  CHECK_FALSE(closed);
  CHECK(world->RunUntil([&] { return closed; }, std::chrono::seconds(4)));
}

TEST_CASE("destroyed with verbs and watches under way: nothing is called any more") {
  const Bench bench;
  auto doomed = bench.Connected();
  const Watching watching;
  const Answer<std::string> create;
  const Answer<zk::Node> refused, get;
  doomed->Get(bench.root, watching.watch(), get.Callback());
  REQUIRE(bench.world->RunUntil([&] { return get.done(); }));
  std::size_t events = 0;
  const Subscription subscription = doomed->OnSession([&](const zk::SessionEvent&) { ++events; });
  doomed->Create(bench.root + "/a", "", zk::CreateMode::kPersistent, create.Callback());
  doomed->Get("malformed", {}, refused.Callback());
  doomed.reset();
  REQUIRE(bench.Set(bench.root, "x", 0));
  bench.world->RunFor(std::chrono::milliseconds(300));
  CHECK(create.count() == 0);
  CHECK(refused.count() == 0);
  CHECK(watching.count() == 0);
  CHECK(events == 0);
}

TEST_CASE("destroyed from within its own callbacks") {
  const Bench bench;
  auto by_answer = bench.Connected();
  bool answered = false;
  by_answer->Exists(bench.root, {}, [&](const auto&) {
    by_answer.reset();
    answered = true;
  });
  REQUIRE(bench.world->RunUntil([&] { return answered; }));

  auto by_watch = bench.Connected();
  auto function =
      std::make_shared<zk::WatchFunction>([&](const zk::WatchEvent&) { by_watch.reset(); });
  const Answer<zk::Node> get;
  by_watch->Get(bench.root, function, get.Callback());
  REQUIRE(bench.world->RunUntil([&] { return get.done(); }));
  REQUIRE(bench.Set(bench.root, "x", 0));
  CHECK(bench.world->RunUntil([&] { return by_watch == nullptr; }));

  auto by_session = bench.Connected();
  Subscription subscription =
      by_session->OnSession([&](const zk::SessionEvent&) { by_session.reset(); });
  bench.world->Break(*by_session);
  CHECK(bench.world->RunUntil([&] { return by_session == nullptr; }));
}

TEST_CASE("destroyed without close: its ephemerals go when the session times out") {
  const Bench bench;
  auto crashing = bench.Connected();
  REQUIRE(bench.CreateBy(*crashing, bench.root + "/e", "", zk::CreateMode::kEphemeral));
  REQUIRE(bench.Sync(bench.root));
  const Watching watching;
  REQUIRE(bench.Exists(bench.root + "/e", watching.watch()));
  crashing.reset();
  CHECK(bench.world->RunUntil([&] { return watching.count() == 1; },
                              4 * bench.world->session_timeout()));
}

}  // namespace
}  // namespace zkcluster::contract
