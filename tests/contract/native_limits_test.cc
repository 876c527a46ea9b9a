// The native client's limits, each beside another that it may be confused with, and answers that
// are cut at any byte. A row holds where each limit is what it says, and fails where one is taken
// for another; none measures how long something took.
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/native_rig.h"
#include "tests/support/proxy.h"
#include "tests/support/rude_server.h"
#include "tools/sandbox/sandbox.h"

namespace zkcluster::contract {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Every state that a client was in since.
struct States {
  explicit States(zk::Client& client)
      : subscription(client.OnSession(
            [this](const zk::SessionEvent& event) { seen.push_back(event.state); })) {}
  std::vector<SessionState> seen;
  Subscription subscription;
};

// Counts the calls of one callback, and keeps the code of the last.
struct Noted {
  int calls = 0;
  std::optional<ErrorCode> code;
};
auto Into(Noted& noted) {
  return [&noted](const auto& result) {
    ++noted.calls;
    noted.code = result ? std::optional<ErrorCode>() : result.error().code;
  };
}

TEST_CASE("limits: a request may take longer than a connect, and than several") {
  sandbox::ZooKeeperServer server;
  for (const Duration connect : {milliseconds(30), milliseconds(100)}) {
    Rig rig;
    const auto client = rig.Client({server.address()}, seconds(20), connect);
    // The first connects may well be too slow for it: their limit grows.
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    const States states(*client);
    Noted get, create;
    server.Pause();
    client->Get("/", {}, Into(get));
    client->Create("/slow", "", zk::CreateMode::kEphemeralSequential, Into(create));
    rig.RunFor(milliseconds(600));
    CHECK(get.calls == 0);
    server.Resume();
    REQUIRE(rig.Await([&] { return get.calls > 0 && create.calls > 0; }));
    CHECK(get.code == std::nullopt);
    CHECK(create.code == std::nullopt);
    // Nor does the limit reach a connection that is idle.
    rig.RunFor(milliseconds(300));
    CHECK(states.seen.empty());
    CHECK(get.calls + create.calls == 2);
  }
}

TEST_CASE("limits: a request ends with the lease, however long a connect may take") {
  sandbox::ZooKeeperServer server;
  for (const Duration connect : {Duration(milliseconds(300)), Duration(minutes(10))}) {
    Rig rig;
    const auto client = rig.Client({server.address()}, seconds(2), connect);
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    const States states(*client);
    Noted get, list;
    server.Pause();
    client->Get("/", {}, Into(get));
    client->Children("/", {}, Into(list));
    REQUIRE(rig.Await([&] { return get.calls > 0 && list.calls > 0; }));
    CHECK(get.code == ErrorCode::kUnknownOutcome);
    CHECK(list.code == ErrorCode::kUnknownOutcome);
    REQUIRE_FALSE(states.seen.empty());
    CHECK(states.seen[0] == SessionState::kSuspended);
    server.Resume();
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    CHECK(get.calls + list.calls == 2);
  }
}

TEST_CASE("limits: a server that accepts at once and greets late is met in the end") {
  // Within twice the limit of a connect, and beyond: that of a greeting grows with each round.
  for (const auto late : {milliseconds(150), milliseconds(900)}) {
    CAPTURE(late.count());
    Rig rig;
    const RudeServer server(rig.loop, {.answer = Greeting(), .chunk = 30, .pace = late});
    const auto client = rig.Client({server.addr()}, seconds(10), milliseconds(100));
    const States states(*client);
    REQUIRE(rig.Await([&] { return !states.seen.empty(); }));
    CHECK(states.seen[0] == SessionState::kConnected);
    CHECK(client->session_id() == 1);
    CHECK(client->generation() == 1);
  }
}

// --- answers that are cut ---

TEST_CASE("cut: answers end at any byte, and each of several reads is answered once, in order") {
  const sandbox::ZooKeeperServer server;
  {
    Rig rig;
    const auto client = rig.Client({server.address()}, seconds(10));
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    int made = 0;
    for (const char* path : {"/list", "/list/a", "/list/b", "/list/big"}) {
      const std::string data(std::string(path) == "/list/big" ? 200'000 : 5, 'x');
      client->Create(path, data, zk::CreateMode::kPersistent,
                     [&](const Result<std::string>& created) { made += created.has_value(); });
    }
    REQUIRE(rig.Await([&] { return made == 4; }));
  }
  constexpr std::size_t kReads = 6;
  for (const Proxy::Cut how : {Proxy::Cut::kEnd, Proxy::Cut::kReset}) {
    bool was_cut = true;
    // All that is small byte for byte, nearly; then the large one.
    for (std::size_t bytes = 0; was_cut; bytes += bytes < 550 ? 11 : 70'000) {
      CAPTURE(bytes);
      CAPTURE(static_cast<int>(how));
      Rig rig;
      Proxy proxy(rig.loop, server.port());
      const auto client = rig.Client({proxy.address()}, seconds(10));
      REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
      const auto session = client->session_id();
      proxy.CutAfter(bytes, how);
      std::vector<std::size_t> order;
      std::vector<Noted> noted(kReads);
      const auto into = [&](std::size_t number) {
        return [&, number](const auto& result) {
          order.push_back(number);
          Into(noted[number])(result);
        };
      };
      const auto read_all = [&] {
        client->Children("/list", {}, into(0));
        client->Get("/list/a", {}, into(1));
        client->Exists("/list/b", {}, into(2));
        client->Get("/list/absent", {}, into(3));
        client->Multi({zk::CheckOp{"/list", 0}, zk::SetOp{"/list/b", "y", zk::kAnyVersion}},
                      into(4));
        client->Get("/list/big", {}, into(5));
      };
      read_all();
      REQUIRE(rig.Await([&] { return order.size() >= kReads; }));
      REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
      CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
      // What came whole is an answer, and all behind it has an unknown outcome.
      was_cut = false;
      for (std::size_t i = 0; i < kReads; ++i) {
        CAPTURE(i);
        CHECK(noted[i].calls == 1);
        was_cut = was_cut || noted[i].code == ErrorCode::kUnknownOutcome;
        const auto whole = i == 3 ? std::optional(ErrorCode::kNotFound) : std::nullopt;
        CHECK(noted[i].code == (was_cut ? std::optional(ErrorCode::kUnknownOutcome) : whole));
      }
      CHECK(client->session_id() == session);
      if (!was_cut) continue;
      // The rest of a cut answer is not taken for the start of the next.
      order.clear();
      read_all();
      REQUIRE(rig.Await([&] { return order.size() >= kReads; }));
      CHECK(noted[0].code == std::nullopt);
      CHECK(noted[5].code == std::nullopt);
      CHECK(noted[5].calls == 2);
    }
  }
}

}  // namespace
}  // namespace zkcluster::contract
