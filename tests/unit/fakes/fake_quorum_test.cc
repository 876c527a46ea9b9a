// FakeEnsemble with several servers: the effect of each disturbance of a server, and its limits.
#include <algorithm>
#include <set>

#include "tests/support/fake_bench.h"

namespace zkcluster::sim::fake_quorum_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Three servers; `client` on one that follows, `other` on another that does.
struct ThreeServers : FakeBench {
  explicit ThreeServers(std::uint64_t seed = 1) : FakeBench(3, seed), other(Connected(other_loop)) {
    Place(*client, Follower());
    Place(*other, OtherFollower());
    ensemble.Put("/a", "0");
    Sync(*client);
    Sync(*other);
  }
  int Server() { return ensemble.ServerOf(*client); }
  std::string Read(zk::Client& by) {
    const auto node = Get(by, "/a");
    return node ? node->data : "absent";
  }

  SimLoop other_loop{world, "other"};
  std::unique_ptr<zk::Client> other;
};

TEST_CASE("servers: clients are spread over all, and one leads") {
  FakeBench bench(5);
  std::set<int> servers;
  std::vector<std::unique_ptr<zk::Client>> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(bench.Connected(bench.loop));
    servers.insert(bench.ensemble.ServerOf(*clients.back()));
  }
  CHECK(servers == std::set<int>{0, 1, 2, 3, 4});
  CHECK(servers.contains(bench.ensemble.leading()));
}

TEST_CASE(
    "a server lags: it answers from the past, but to a session's own writes only after them") {
  ThreeServers bench;
  bench.ensemble.SetLag(bench.Server(), seconds(1));
  REQUIRE(bench.Set(*bench.other, "/a", "1"));
  CHECK(bench.Read(*bench.other) == "1");
  CHECK(bench.Read(*bench.client) == "0");
  // A write is answered when it is applied here, and a later read sees it.
  const auto began = bench.world.now();
  std::optional<std::string> read;
  bool written = false;
  bench.client->Set("/a", "2", 1, [&](const auto& stat) { written = stat.has_value(); });
  bench.client->Get("/a", {}, [&](const auto& node) { read = node->data; });
  REQUIRE(bench.RunUntil([&] { return read.has_value(); }));
  CHECK(written);
  CHECK(*read == "2");
  CHECK(bench.world.now() - began >= seconds(1));
}

TEST_CASE("a server lags: a sync waits until what was committed before it is applied there") {
  ThreeServers bench;
  bench.ensemble.SetLag(bench.Server(), seconds(1));
  REQUIRE(bench.Set(*bench.other, "/a", "1"));
  CHECK(bench.Read(*bench.client) == "0");
  bench.Sync(*bench.client);
  CHECK(bench.Read(*bench.client) == "1");
}

TEST_CASE("a server lags: its watches fire when it applies, before the answer that shows it") {
  ThreeServers bench;
  std::vector<std::string> order;
  const auto watch = std::make_shared<zk::WatchFunction>(
      [&](const zk::WatchEvent&) { order.emplace_back("event"); });
  REQUIRE(bench.Get(*bench.client, "/a", watch));
  bench.ensemble.SetLag(bench.Server(), seconds(1));
  REQUIRE(bench.Set(*bench.other, "/a", "1"));
  std::function<void()> read = [&] {
    bench.client->Get("/a", {}, [&](const auto& node) {
      if (order.empty() || order.back() != node->data) order.push_back(node->data);
      if (node->data == "0") read();
    });
  };
  read();
  REQUIRE(bench.RunUntil([&] { return !order.empty() && order.back() == "1"; }));
  CHECK(order == std::vector<std::string>{"0", "event", "1"});
}

TEST_CASE("a server lags no more: it has caught up at once") {
  ThreeServers bench;
  bench.ensemble.SetLag(bench.Server(), seconds(20));
  REQUIRE(bench.Set(*bench.other, "/a", "1"));
  bench.world.RunFor(seconds(1));
  CHECK(bench.Read(*bench.client) == "0");
  bench.ensemble.SetLag(bench.Server(), Duration::zero());
  bench.world.RunFor(milliseconds(10));
  CHECK(bench.Read(*bench.client) == "1");
}

TEST_CASE("a server lags: a client that has seen more is refused there") {
  ThreeServers bench;
  const int late = bench.ensemble.ServerOf(*bench.other);
  bench.ensemble.SetLag(late, seconds(20));
  REQUIRE(bench.Set(*bench.client, "/a", "1"));
  for (int i = 0; i < 20; ++i) {
    bench.Reconnect(*bench.client);
    REQUIRE(bench.Server() != late);
    CHECK(bench.Read(*bench.client) == "1");
  }
}

TEST_CASE("a server lags: after a lost answer a client sees its write there only after a sync") {
  ThreeServers bench;
  const int late = bench.ensemble.ServerOf(*bench.other);
  bench.ensemble.SetLag(late, seconds(1));
  bench.ensemble.LoseAnswers(*bench.client, 1);
  CHECK_FALSE(bench.Set(*bench.client, "/a", "1"));
  CHECK(bench.ensemble.Get("/a")->data == "1");
  REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
  bench.Place(*bench.client, late);
  CHECK(bench.Read(*bench.client) == "0");
  bench.Sync(*bench.client);
  CHECK(bench.Read(*bench.client) == "1");
}

TEST_CASE("a server lags: a new session begins there when all before it is applied") {
  ThreeServers bench;
  for (int i = 0; i < 3; ++i) bench.ensemble.SetLag(i, milliseconds(800));
  for (int i = 1; i <= 10; ++i) {
    REQUIRE(bench.Set(*bench.other, "/a", std::to_string(i)));
    const auto fresh = bench.Connected(bench.loop);
    CHECK(bench.Read(*fresh) == std::to_string(i));
  }
}

TEST_CASE("cut off: its clients read on, also their ephemerals that are gone; their writes hang") {
  ThreeServers bench;
  REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
  bench.Sync(*bench.other);
  const int server = bench.Server();
  bench.ensemble.CutOff(server);
  REQUIRE(bench.Set(*bench.other, "/a", "1"));
  // The others end its sessions, because no server reports them as active, though it serves them.
  bench.ensemble.Expire(*bench.client);
  REQUIRE(bench.RunUntil([&] { return !bench.Sees(*bench.other, "/e"); }));
  bench.world.RunFor(seconds(1));
  CHECK(bench.IsConnected(*bench.client));
  CHECK(bench.Sees(*bench.client, "/e"));
  CHECK(bench.Read(*bench.client) == "0");
  std::optional<ErrorCode> code;
  bench.client->Set("/a", "2", 0, [&](const auto& stat) { code = stat.error().code; });
  bench.world.RunFor(milliseconds(500));
  CHECK_FALSE(code);
  // After sync_limit it closes the connection, and another server reports the session's end.
  REQUIRE(bench.RunUntil([&] { return code.has_value(); }));
  CHECK(*code == ErrorCode::kUnknownOutcome);
  REQUIRE(bench.RunUntil([&] { return bench.client->generation() == 2; }));
  REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
  for (int i = 0; i < 10; ++i) {
    CHECK(bench.Server() != server);
    bench.Reconnect(*bench.client);
  }
  CHECK(bench.ensemble.Get("/a")->data == "1");
  bench.ensemble.Rejoin(server);
  bench.world.RunFor(seconds(1));
  bench.Place(*bench.client, server);
  CHECK(bench.Read(*bench.client) == "1");
}

TEST_CASE("cut off: the session of an idle client runs out at the others by itself") {
  ThreeServers bench;
  // Longer than a session, so that it is still connected then: the measured 4.4 s.
  FakeEnsemble patient(bench.world, {.servers = 3, .sync_limit = seconds(10)});
  SimLoop loop{bench.world, "idle"};
  const auto idle = patient.NewClient(loop, seconds(4));
  REQUIRE(bench.RunUntil([&] { return idle->state() == SessionState::kConnected; }));
  while (patient.ServerOf(*idle) == patient.leading()) {
    patient.Reset(*idle);
    REQUIRE(bench.RunUntil([&] { return !bench.IsConnected(*idle); }));
    REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*idle); }));
  }
  REQUIRE(bench.Create(*idle, "/e", zk::CreateMode::kEphemeral));
  patient.CutOff(patient.ServerOf(*idle));
  const auto began = bench.world.now();
  REQUIRE(bench.RunUntil([&] { return !patient.Exists("/e"); }));
  CHECK(bench.world.now() - began > milliseconds(3500));
  CHECK(bench.world.now() - began < milliseconds(4500));
  bench.world.RunFor(seconds(4));
  CHECK(idle->state() == SessionState::kConnected);
  CHECK(bench.Sees(*idle, "/e"));
}

TEST_CASE("cut off for a moment: what hung goes on, and nobody notices") {
  ThreeServers bench;
  const int server = bench.Server();
  bench.ensemble.CutOff(server);
  REQUIRE(bench.Set(*bench.other, "/a", "1"));
  std::optional<Result<zk::Stat>> set;
  bench.client->Set("/a", "2", 1, [&](const auto& stat) { set = stat; });
  bench.world.RunFor(seconds(1));
  CHECK_FALSE(set);
  bench.ensemble.Rejoin(server);
  REQUIRE(bench.RunUntil([&] { return set.has_value(); }));
  CHECK(set->has_value());
  CHECK(bench.Server() == server);
  CHECK(bench.Read(*bench.client) == "2");
  bench.world.RunFor(seconds(10));
  CHECK(bench.Server() == server);
}

TEST_CASE("the leading server dies: all lose their connections, another leads, sessions go on") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    ThreeServers bench(seed);
    REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
    const int old = bench.ensemble.leading();
    const auto session = bench.client->session_id();
    bench.ensemble.ServerDown(old);
    CHECK(bench.ensemble.leading() == -1);
    const auto began = bench.world.now();
    REQUIRE(bench.RunUntil([&] { return !bench.IsConnected(*bench.client); }));
    REQUIRE(bench.RunUntil([&] { return bench.ensemble.leading() >= 0; }));
    CHECK(bench.world.now() - began >= milliseconds(200));
    CHECK(bench.world.now() - began <= milliseconds(510));
    CHECK(bench.ensemble.leading() != old);
    REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
    CHECK(bench.client->session_id() == session);
    CHECK(bench.Sees(*bench.client, "/e"));
    CHECK(bench.Set(*bench.client, "/a", "1"));
    bench.ensemble.ServerUp(old);
    bench.world.RunFor(seconds(1));
    bench.Place(*bench.client, old);
    CHECK(bench.Read(*bench.client) == "1");
    CHECK(bench.ensemble.leading() != old);
  }
}

TEST_CASE("the leading server dies: a write under way is lost or not, one committed never") {
  int lost = 0;
  int kept = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ThreeServers bench(seed);
    std::optional<Result<zk::Stat>> answer;
    bench.client->Set("/a", "1", 0, [&](const auto& stat) { answer = stat; });
    bench.world.RunFor(std::chrono::microseconds(300 + 40 * seed));
    const bool committed = bench.ensemble.Get("/a")->data == "1";
    bench.ensemble.ServerDown(bench.ensemble.leading());
    REQUIRE(bench.RunUntil([&] { return answer.has_value(); }));
    if (*answer) CHECK(committed);
    if (!*answer) CHECK(answer->error().code == ErrorCode::kUnknownOutcome);
    REQUIRE(bench.RunUntil([&] { return bench.ensemble.leading() >= 0; }));
    REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
    const std::string now = bench.Read(*bench.client);
    if (committed) {
      CHECK(now == "1");
    } else {
      ++(now == "1" ? kept : lost);
    }
  }
  CHECK(lost > 0);
  CHECK(kept > 0);
}

TEST_CASE("the leading server is cut off: it commits nothing, gives up, and the others go on") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    ThreeServers bench(seed);
    const int old = bench.ensemble.leading();
    bench.Place(*bench.client, old);
    bench.ensemble.CutOff(old);
    CHECK(bench.ensemble.leading() == -1);
    std::optional<Result<zk::Stat>> answer;
    bench.client->Set("/a", "lost", 0, [&](const auto& stat) { answer = stat; });
    bench.world.RunFor(milliseconds(1900));
    CHECK_FALSE(answer);
    CHECK(bench.Server() == old);
    REQUIRE(bench.RunUntil([&] { return bench.ensemble.leading() >= 0; }));
    REQUIRE(bench.RunUntil([&] { return answer.has_value(); }));
    CHECK_FALSE(answer->has_value());
    REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
    CHECK(bench.Server() != old);
    CHECK(bench.Read(*bench.client) == "0");  // nobody else had heard of it
    CHECK(bench.Set(*bench.client, "/a", "1"));
    bench.ensemble.Rejoin(old);
    bench.world.RunFor(seconds(4));
    CHECK(bench.ensemble.leading() != old);
    bench.Place(*bench.client, old);
    CHECK(bench.Read(*bench.client) == "1");
  }
}

TEST_CASE("below a majority: nothing is committed, all are refused, and sessions wait") {
  ThreeServers bench;
  REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
  REQUIRE(bench.Create(*bench.other, "/other", zk::CreateMode::kEphemeral));
  const auto session = bench.client->session_id();
  const int first = bench.Follower();
  const int second = bench.OtherFollower();
  bench.ensemble.ServerDown(first);
  bench.world.RunFor(seconds(3));
  REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
  CHECK(bench.Set(*bench.client, "/a", "1"));  // two of three
  bench.ensemble.ServerDown(second);
  bench.world.RunFor(milliseconds(10));
  CHECK_FALSE(bench.IsConnected(*bench.client));
  const auto zxid = bench.ensemble.zxid();
  bench.world.RunFor(seconds(60));
  CHECK(bench.client->generation() == 2);
  CHECK_FALSE(bench.IsConnected(*bench.client));
  CHECK(bench.ensemble.leading() == -1);
  CHECK(bench.ensemble.zxid() == zxid);
  CHECK(bench.ensemble.Exists("/e"));
  bench.other.reset();
  bench.ensemble.ServerUp(second);
  REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
  // The client gave its session up and ended it first. Nobody ends a dead process's session, which
  // has its full time again.
  CHECK(bench.client->session_id() != session);
  CHECK_FALSE(bench.Sees(*bench.client, "/e"));
  bench.world.RunFor(seconds(3));
  CHECK(bench.ensemble.Exists("/other"));
  bench.world.RunFor(seconds(2));
  CHECK_FALSE(bench.ensemble.Exists("/other"));
}

TEST_CASE("all servers down and up: sessions that the ensemble still has go on") {
  ThreeServers bench;
  REQUIRE(bench.Create(*bench.client, "/e", zk::CreateMode::kEphemeral));
  const auto session = bench.client->session_id();
  bench.ensemble.Down();
  bench.world.RunFor(milliseconds(500));
  CHECK(bench.client->state() == SessionState::kSuspended);
  bench.ensemble.Up();
  REQUIRE(bench.RunUntil([&] { return bench.IsConnected(*bench.client); }));
  CHECK(bench.client->session_id() == session);
  CHECK(bench.Sees(*bench.client, "/e"));
}

TEST_CASE("session moved: what was sent on the old connection does not overtake the new one") {
  // The old server hears nothing for a moment, and reports to the leading one late.
  ThreeServers bench;
  const int old = bench.Server();
  const auto session = bench.client->session_id();
  bench.ensemble.CutOff(old);
  bench.client->Set("/a", "late", 0, [](const auto&) {});
  bench.world.RunFor(milliseconds(10));
  bench.Reconnect(*bench.client);
  REQUIRE(bench.Server() != old);
  CHECK(bench.client->session_id() == session);
  bench.ensemble.Rejoin(old);
  bench.world.RunFor(seconds(1));
  CHECK(bench.Read(*bench.client) == "0");
  CHECK(bench.Set(*bench.client, "/a", "new"));
}

TEST_CASE("not moved: what the server has of an old connection may still take effect") {
  // Until the client is on another server: it reads the old value, and the write that it believed
  // lost comes later.
  ThreeServers bench;
  const int server = bench.Server();
  bench.ensemble.CutOff(server);
  std::optional<ErrorCode> code;
  bench.client->Set("/a", "late", 0, [&](const auto& stat) { code = stat.error().code; });
  bench.world.RunFor(milliseconds(10));
  bench.ensemble.Disconnect(*bench.client);
  REQUIRE(bench.RunUntil([&] { return code == ErrorCode::kUnknownOutcome; }));
  CHECK(bench.Read(*bench.other) == "0");
  bench.ensemble.Rejoin(server);
  CHECK(bench.RunUntil([&] { return bench.Read(*bench.other) == "late"; }));
}

TEST_CASE("sequence numbers: a server that lags counts as the others do") {
  ThreeServers bench;
  bench.ensemble.SetLag(bench.Server(), seconds(1));
  bench.ensemble.SetSequence("/a", 7);
  CHECK(*bench.Create(*bench.other, "/a/s_", zk::CreateMode::kPersistentSequential) ==
        "/a/s_0000000007");
  CHECK(bench.Get(*bench.client, "/a")->stat.children_version == 14);
  CHECK(*bench.Create(*bench.client, "/a/s_", zk::CreateMode::kPersistentSequential) ==
        "/a/s_0000000008");
}

TEST_CASE("sequence numbers: beyond their end, what is under way at once gets negative ones") {
  ThreeServers bench;
  bench.ensemble.SetSequence("/a", 2147483647);
  std::vector<std::string> made;
  for (const char* prefix : {"/a/x_", "/a/y_", "/a/z_"}) {
    bench.client->Create(prefix, "", zk::CreateMode::kPersistentSequential,
                         [&](const auto& path) { made.push_back(*path); });
  }
  REQUIRE(bench.RunUntil([&] { return made.size() == 3; }));
  CHECK(made[0] == "/a/x_2147483647");
  CHECK((made[1] == "/a/y_-2147483648" || made[1] == "/a/y_2147483647"));
  CHECK(*bench.Create(*bench.client, "/a/v_", zk::CreateMode::kPersistentSequential) ==
        "/a/v_2147483647");
}

}  // namespace
}  // namespace zkcluster::sim::fake_quorum_test
