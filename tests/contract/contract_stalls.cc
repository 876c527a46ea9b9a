// The contract of zk::Client: what a session hears after a stop of its process or a long break, in
// which order, and that a dead session hears nothing. The loss comes before all that waits to be
// read; after it nothing of the old session comes but the failures of its verbs.
#include <algorithm>

#include "tests/contract/contract_bench.h"

namespace zkcluster::contract {
namespace {

constexpr Duration kHush = std::chrono::milliseconds(200);

// Four znodes with a watch of each kind, and all that their client hears, in order.
class Hearing {
 public:
  Hearing(const Bench& bench, zk::Client& client)
      : bench_(bench),
        client_(client),
        session_(client.session_id()),
        subscription_(client.OnSession([this](const zk::SessionEvent& event) {
          log.push_back(std::string(SessionStateName(event.state)));
        })) {}

  void SetWatches() {
    const std::string& root = bench_.root;
    for (const char* name : {"/changed", "/deleted", "/parent"})
      REQUIRE(bench_.Create(root + name));
    const auto get = [&](const std::string& path) {
      return bench_.Await<zk::Node>([&](auto done) { client_.Get(path, watch_, done); });
    };
    REQUIRE(get(root + "/changed"));
    REQUIRE(get(root + "/deleted"));
    REQUIRE(bench_.Await<std::optional<zk::Stat>>(
        [&](auto done) { client_.Exists(root + "/created", watch_, done); }));
    REQUIRE(bench_.Await<std::vector<std::string>>(
        [&](auto done) { client_.Children(root + "/parent", watch_, done); }));
  }
  // What each of the watches is for. Does not wait.
  static void Change(zk::Client& by, const std::string& root) {
    by.Set(root + "/changed", "1", 0, [](const auto&) {});
    by.Delete(root + "/deleted", 0, [](const auto&) {});
    by.Create(root + "/created", "", zk::CreateMode::kPersistent, [](const auto&) {});
    by.Create(root + "/parent/child", "", zk::CreateMode::kPersistent, [](const auto&) {});
  }
  // A verb whose answer is noted, too.
  void Ask() {
    client_.Get(bench_.root, {}, [this](const Result<zk::Node>& node) {
      log.push_back(node ? "answer" : "failure");
    });
  }
  [[nodiscard]] bool AwaitNewSession(std::uint64_t old) {
    return bench_.world->RunUntil(
        [&] { return client_.generation() > old && client_.state() == SessionState::kConnected; });
  }
  [[nodiscard]] std::size_t Count(const std::string& what) const {
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), what));
  }
  [[nodiscard]] bool same_session() const { return client_.session_id() == session_; }

  std::vector<std::string> log;

 private:
  const Bench& bench_;
  zk::Client& client_;
  const std::int64_t session_;
  const std::shared_ptr<zk::WatchFunction> watch_ = std::make_shared<zk::WatchFunction>(
      [this](const zk::WatchEvent&) { log.push_back("watch"); });
  const Subscription subscription_;
};

// The process stops at once after this: what it asked for is sent, answers and events wait.
void StallAmidChanges(const Bench& bench, zk::Client& neighbour, Hearing& hearing, Duration stall,
                      bool asks) {
  if (asks) hearing.Ask();
  Hearing::Change(neighbour, bench.root);
  bench.world->Stall(stall);
}

TEST_CASE("stall: the state comes before all that waits to be read") {
  enum class Least { kConnected, kSuspended, kLost };
  struct Case {
    std::string what;
    int sixths;  // of the session's timeout
    Least least;
  };
  for (const Case& c :
       {Case{"within the lease", 1, Least::kConnected}, Case{"beyond it", 5, Least::kSuspended},
        Case{"beyond the session", 9, Least::kLost}}) {
    for (const bool asks : {false, true}) {
      CAPTURE(c.what);
      CAPTURE(asks);
      const Bench bench;
      const auto neighbour = bench.world->NewNeighbour();
      const auto client = bench.world->NewPlainClient();
      REQUIRE(bench.AwaitState(*neighbour, SessionState::kConnected));
      REQUIRE(bench.AwaitState(*client, SessionState::kConnected));
      const auto generation = client->generation();
      Hearing hearing(bench, *client);
      hearing.SetWatches();
      StallAmidChanges(bench, *neighbour, hearing, bench.world->session_timeout() * c.sixths / 6,
                       asks);
      const SessionState judged = client->state();
      if (c.least == Least::kSuspended) CHECK(judged != SessionState::kConnected);
      if (c.least == Least::kLost) REQUIRE(judged == SessionState::kLost);
      const auto heard_all = [&] {
        return hearing.Count("watch") == 4 &&
               hearing.Count("answer") + hearing.Count("failure") == (asks ? 1U : 0U);
      };
      REQUIRE(
          bench.world->RunUntil([&] { return client->generation() > generation || heard_all(); }));
      REQUIRE(bench.AwaitState(*client, SessionState::kConnected));
      bench.world->RunFor(kHush);
      CHECK(hearing.Count("answer") + hearing.Count("failure") == (asks ? 1U : 0U));
      if (judged == SessionState::kConnected) continue;
      REQUIRE_FALSE(hearing.log.empty());
      CHECK(hearing.log[0] == SessionStateName(judged));
      if (judged == SessionState::kLost) {
        CHECK(hearing.Count("watch") == 0);
        CHECK(hearing.Count("answer") == 0);
      } else if (hearing.same_session()) {
        CHECK(hearing.Count("watch") == 4);
      }
    }
  }
}

TEST_CASE("break: a session that is lost meanwhile hears of no change, before or after") {
  // Where the servers are away, too, the session lives again when they return, and with it, for a
  // moment, its watches.
  for (const bool servers_too : {false, true}) {
    CAPTURE(servers_too);
    const Bench bench;
    const auto other = bench.Connected();
    const auto generation = bench.client->generation();
    Hearing hearing(bench, *bench.client);
    hearing.SetWatches();
    bench.world->Break(*bench.client);
    Hearing::Change(*other, bench.root);
    const Answer<void> all;
    other->Sync(bench.root, all.Callback());
    REQUIRE(bench.world->RunUntil([&] { return all.done(); }));
    if (servers_too) bench.world->StopServer();
    REQUIRE(bench.world->RunUntil([&] { return bench.client->generation() > generation; }));
    if (servers_too) bench.world->StartServer();
    bench.world->Mend(*bench.client);
    REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
    bench.world->RunFor(kHush);
    CHECK(hearing.log == std::vector<std::string>{"suspended", "lost", "connecting", "connected"});
    // The next session hears of its own.
    const Watching watching;
    REQUIRE(bench.Get(bench.root, watching.watch()));
    REQUIRE(bench.Set(bench.root, "x", 0));
    CHECK(bench.world->RunUntil([&] { return watching.count() == 1; }));
    CHECK(hearing.Count("watch") == 0);
  }
}

TEST_CASE(
    "expired: the loss is reported once, in its place, and no watch of the old session fires") {
  const Bench bench;
  const auto generation = bench.client->generation();
  Hearing hearing(bench, *bench.client);
  hearing.SetWatches();
  bench.world->Break(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kSuspended));
  bench.world->ExpireSession(*bench.client);
  bench.world->Mend(*bench.client);
  REQUIRE(AwaitNewSession(bench, generation));
  const auto other = bench.Connected();
  Hearing::Change(*other, bench.root);
  const Answer<void> all;
  other->Sync(bench.root, all.Callback());
  REQUIRE(bench.world->RunUntil([&] { return all.done(); }));
  bench.world->RunFor(kHush);
  CHECK(hearing.log == std::vector<std::string>{"suspended", "lost", "connecting", "connected"});
}

// --- one of several reads is cut ---

TEST_CASE("cut: of several reads each is answered once, in order, wherever the connection breaks") {
  constexpr int kReads = 7;
  for (int cut = 0; cut < kReads; ++cut) {
    CAPTURE(cut);
    const Bench bench;
    const std::string path = bench.root + "/p";
    REQUIRE(bench.Create(path, "data"));
    REQUIRE(bench.Create(path + "/a", "a"));
    const auto session = bench.client->session_id();
    const Seen seen(*bench.client);
    std::vector<int> order;
    std::vector<std::optional<ErrorCode>> codes(kReads);
    const auto note = [&](int number) {
      return [&order, &codes, number](const auto& result) {
        order.push_back(number);
        codes[static_cast<std::size_t>(number)] = CodeOf(result);
      };
    };
    const Watching watching;
    bench.world->LoseAnswer(*bench.client, cut);
    bench.client->Children(path, watching.watch(), note(0));
    bench.client->Get(path, watching.watch(), note(1));
    bench.client->Exists(path + "/a", watching.watch(), note(2));
    bench.client->Get(path + "/a", watching.watch(), note(3));
    bench.client->Multi({zk::CheckOp{path, 0}}, note(4));
    bench.client->Children(bench.root, watching.watch(), note(5));
    bench.client->Sync(path, note(6));
    CHECK(order.empty());
    REQUIRE(bench.world->RunUntil([&] { return order.size() == kReads; }));
    REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
    bench.world->RunFor(kHush);
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6});
    for (int i = 0; i < kReads; ++i) {
      CAPTURE(i);
      CHECK(codes[static_cast<std::size_t>(i)] ==
            (i < cut ? std::optional<ErrorCode>() : ErrorCode::kUnknownOutcome));
    }
    CHECK(bench.client->session_id() == session);
    CHECK(seen.states() ==
          std::vector<SessionState>{SessionState::kSuspended, SessionState::kConnected});
    CHECK(watching.count() == 0);
    // Those that were answered have their watches, and the others have none.
    REQUIRE(bench.Set(path + "/a", "b", 0));
    REQUIRE(bench.Create(path + "/b"));
    bench.world->RunFor(kHush);
    CHECK(watching.count() == (cut > 2 ? 1U : 0U) + (cut > 0 ? 1U : 0U));
  }
}

}  // namespace
}  // namespace zkcluster::contract
