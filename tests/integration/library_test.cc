// libzkcluster as a program uses it, on real servers: opening, locating, leased connections,
// callbacks, threads, ZooKeeper going away.
#include <hiredis/hiredis.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include "codec/codec.h"
#include "tests/support/site.h"

namespace zkcluster::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The reply as text; an error or a broken connection in brackets.
std::string Say(redisContext* context, const std::string& command) {
  const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(
      static_cast<redisReply*>(redisCommand(context, command.c_str())), &freeReplyObject);
  if (!reply) return "[" + std::string(context->errstr) + "]";
  const std::string text =
      reply->str == nullptr ? "" : std::string(reply->str, static_cast<std::size_t>(reply->len));
  return reply->type == REDIS_REPLY_ERROR ? "[" + text + "]" : text;
}

// Real Redis servers and a cluster whose status this test writes itself, as a Go leader would: no
// checker is needed where only the program is tested.
struct Stage {
  Site site;
  std::int64_t since = 1795228045000000;

  explicit Stage(int servers) { site.AddRedis(servers); }
  void Create(const std::function<void(ClusterSpec&)>& change = {}) {
    ClusterSpec spec = site.SpecOf("sessions");
    if (change) change(spec);
    site.Create(spec);
    REQUIRE(site.direct.Create(site.Paths("sessions").mirror(), "{}").has_value());
  }
  void Set(const std::string& letters) {
    StatusBoard board;
    for (const char letter : letters) {
      ShardState row;
      row.status = letter == 'A' ? ShardStatus::kAlive : ShardStatus::kDead;
      row.since = Micros(++since);
      board.shards.push_back(row);
    }
    const auto spec = site.manager->Get("sessions");
    REQUIRE(spec.has_value());
    const auto set =
        site.direct.Put(site.Paths("sessions").mirror(), EncodeMirror(spec->shards, board));
    REQUIRE(set.has_value());
  }
};

TEST_CASE("open: a cluster, none, no ZooKeeper, wrong options") {
  Stage stage(1);
  stage.Create();
  const ClusterOptions good = stage.site.ClientOptions("sessions");
  const struct {
    const char* what;
    std::function<void(ClusterOptions&)> change;
    const char* code;
  } kRows[] = {
      {"as it should be", [](auto&) {}, "success"},
      {"no such cluster", [](auto& o) { o.name = "other"; }, "not_found"},
      {"no such root", [](auto& o) { o.root = "/elsewhere"; }, "not_found"},
      {"nobody listens",
       [](auto& o) {
         o.zookeeper = "127.0.0.1:" + std::to_string(sandbox::FreePort());
         o.open_timeout = milliseconds(400);
       },
       "unavailable"},
      {"a name with a slash", [](auto& o) { o.name = "a/b"; }, "invalid"},
      {"no servers", [](auto& o) { o.zookeeper = ""; }, "invalid"},
      {"a session too short", [](auto& o) { o.session_timeout = milliseconds(10); }, "invalid"},
      {"a user without password", [](auto& o) { o.pool.user = "me"; }, "invalid"},
  };
  for (const auto& row : kRows) {
    const std::string what = row.what;
    CAPTURE(what);
    ClusterOptions options = good;
    row.change(options);
    CHECK(CodeName(Cluster::Open(options)) == row.code);
  }
}

TEST_CASE("open: ZooKeeper is stopped, and comes within open_timeout") {
  Stage stage(1);
  stage.Create();
  const ClusterOptions options = stage.site.ClientOptions("sessions");
  stage.site.zookeeper.Stop();
  Result<std::unique_ptr<Cluster>> opened = Fail(ErrorCode::kInternal, "not opened");
  std::thread opener([&] { opened = Cluster::Open(options); });
  stage.site.zookeeper.Start();
  opener.join();
  CHECK(CodeName(opened) == "success");
}

TEST_CASE("connect: the whole way of a key while its shard dies and returns") {
  // As cluster.h advises: a command to a server that has just died must not end this program.
  std::signal(SIGPIPE, SIG_IGN);
  Site site;
  site.AddRedis(4);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  const auto cluster = site.OpenClient("sessions");
  REQUIRE(site.AwaitView(*cluster, "AAAA") == "AAAA");
  const std::string key = KeyOwnedBy(*cluster, "s3");
  const Location home = cluster->Locate(key);
  CHECK(home.serving == "s3");
  CHECK_FALSE(home.stand_in);

  redisContext* used = nullptr;
  {
    auto lease = cluster->Connect(key);
    REQUIRE_MESSAGE(lease.has_value(), lease.error().message);
    used = lease->get();
    CHECK(Say(used, "SET " + key + " home") == "OK");
  }
  CHECK(site.redis[2]->Command({"GET", key}) == "home");
  {
    // The same connection again; and one that stays on loan through the death.
    auto again = cluster->Connect(key);
    REQUIRE(again.has_value());
    CHECK(again->get() == used);
    CHECK(cluster->counters().connections_reused == 1);
    auto second = cluster->Connect(key);
    REQUIRE(second.has_value());
    CHECK(second->get() != used);

    site.redis[2]->Kill();
    REQUIRE(site.AwaitView(*cluster, "AADA") == "AADA");
    CHECK(Say(again->get(), "GET " + key).front() == '[');
  }
  const Location away = cluster->Locate(key);
  CHECK(away.owner == "s3");
  CHECK(away.stand_in);
  CHECK(away.serving != "s3");
  CHECK(away.since >= cluster->view().shards[2].since);
  {
    auto lease = cluster->Connect(key);
    REQUIRE_MESSAGE(lease.has_value(), lease.error().message);
    CHECK(lease->location() == away);
    CHECK(Say(lease->get(), "SET " + key + " away") == "OK");
  }
  site.redis[2]->Start();
  REQUIRE(site.AwaitView(*cluster, "AAAA") == "AAAA");
  // Nothing that died is handed out: every lease works at once.
  for (int i = 0; i < 5; ++i) {
    auto lease = cluster->Connect(key);
    REQUIRE_MESSAGE(lease.has_value(), lease.error().message);
    CHECK(lease->location().serving == "s3");
    CHECK(Say(lease->get(), "SET " + key + " back") == "OK");
  }
  CHECK(site.redis[2]->Command({"GET", key}) == "back");
  CHECK(cluster->Locate(key).since > home.since);
}

TEST_CASE("connect: the server restarts between two leases, unseen by anybody") {
  Stage stage(1);
  stage.Create();
  stage.Set("A");
  const auto cluster = stage.site.OpenClient("sessions");
  REQUIRE(cluster->Connect("key").has_value());
  stage.site.redis[0]->Stop();
  CHECK(CodeName(cluster->Connect("key")) == "unavailable");
  CHECK(cluster->counters().connections_failed == 1);
  stage.site.redis[0]->Start();
  auto lease = cluster->Connect("key");
  REQUIRE(lease.has_value());
  CHECK(Say(lease->get(), "PING") == "PONG");
  // Left half-way, it is not handed to the next.
  CHECK(redisAppendCommand(lease->get(), "PING") == REDIS_OK);
  int written = 0;
  CHECK(redisBufferWrite(lease->get(), &written) == REDIS_OK);
  lease->Discard();
  { const Lease gone = std::move(*lease); }
  auto next = cluster->Connect("key");
  REQUIRE(next.has_value());
  CHECK(Say(next->get(), "ECHO mine") == "mine");
}

TEST_CASE("connect: nobody serves the key") {
  Stage stage(2);
  stage.Create([](ClusterSpec& spec) { spec.failover = false; });
  stage.Set("AA");
  const auto cluster = stage.site.OpenClient("sessions");
  const std::string key = KeyOwnedBy(*cluster, "s2");
  stage.site.redis[1]->Pause();  // a connect would wait
  stage.Set("AD");
  REQUIRE(stage.site.AwaitView(*cluster, "AD") == "AD");
  CHECK_FALSE(cluster->Locate(key).serving.has_value());
  const auto opened = cluster->counters();
  CHECK(CodeName(cluster->Connect(key)) == "shard_dead");
  CHECK(cluster->counters().connections_opened == opened.connections_opened);
  CHECK(cluster->counters().connections_failed == opened.connections_failed);
  CHECK(cluster->counters().dead_hits > opened.dead_hits);
  CHECK(cluster->Connect(KeyOwnedBy(*cluster, "s1")).has_value());
}

TEST_CASE("connect: every shard is dead, or was never judged") {
  Stage stage(2);
  stage.Create();
  ClusterOptions options = stage.site.ClientOptions("sessions");
  const auto trusting = stage.site.OpenClient("sessions");
  options.refuse_unknown = true;
  auto refusing = Cluster::Open(options);
  REQUIRE(refusing.has_value());
  CHECK(Letters(trusting->view()) == "??");
  CHECK(trusting->Connect("key").has_value());
  CHECK(CodeName((*refusing)->Connect("key")) == "shard_dead");
  stage.Set("DD");
  REQUIRE(stage.site.AwaitView(*trusting, "DD") == "DD");
  CHECK(CodeName(trusting->Connect("key")) == "shard_dead");
  stage.Set("AA");
  REQUIRE(stage.site.AwaitView(**refusing, "AA") == "AA");
  CHECK((*refusing)->Connect("key").has_value());
}

TEST_CASE("connect: a password is right, wrong or missing") {
  Site site;
  site.AddRedis({.port = 0, .password = "open sesame", .config = {"user app on >knock ~* +@all"}});
  site.Create(site.SpecOf("sessions"));
  const struct {
    const char* user;
    const char* password;
    const char* code;
    const char* pong;
  } kRows[] = {
      {"", "open sesame", "success", "PONG"},
      {"app", "knock", "success", "PONG"},
      {"", "closed", "denied", ""},
      {"nobody", "knock", "denied", ""},
      {"", "", "success", "[NOAUTH Authentication required.]"},
  };
  for (const auto& row : kRows) {
    const std::string password = row.password;
    CAPTURE(password);
    ClusterOptions options = site.ClientOptions("sessions");
    options.pool.user = row.user;
    options.pool.password = row.password;
    const auto cluster = Cluster::Open(options);
    REQUIRE(cluster.has_value());
    auto lease = (*cluster)->Connect("key");
    CHECK(CodeName(lease) == row.code);
    if (lease) CHECK(Say(lease->get(), "PING") == row.pong);
  }
}

TEST_CASE("lease: outlives its cluster") {
  Stage stage(1);
  stage.Create();
  stage.Set("A");
  auto cluster = stage.site.OpenClient("sessions");
  auto lease = cluster->Connect("key");
  REQUIRE(lease.has_value());
  cluster.reset();
  CHECK(Say(lease->get(), "PING") == "PONG");
  CHECK(lease->location().serving == "s1");
}

TEST_CASE("change: callbacks come with each table, until their subscription ends") {
  Stage stage(3);
  stage.Create();
  stage.Set("AAA");
  const auto cluster = stage.site.OpenClient("sessions");
  std::mutex mutex;
  std::vector<std::string> seen;
  auto subscription = cluster->OnChange([&](const ClusterView& view) {
    const std::lock_guard lock(mutex);
    seen.push_back(Letters(view));
  });
  const auto last = [&] {
    const std::lock_guard lock(mutex);
    return seen.empty() ? std::string() : seen.back();
  };
  for (const char* letters : {"ADA", "DDA", "AAA"}) {
    stage.Set(letters);
    CHECK(stage.site.direct.Await([&] { return last() == letters; }));
    // The table is in place before any callback runs.
    CHECK(Letters(cluster->view()) == letters);
  }
  subscription.reset();
  const std::size_t calls = seen.size();
  stage.Set("DAA");
  REQUIRE(stage.site.AwaitView(*cluster, "DAA") == "DAA");
  CHECK(seen.size() == calls);
}

TEST_CASE("session: the cluster's thread is stalled, and its state is judged by the clock") {
  Stage stage(1);
  stage.Create();
  stage.Set("A");
  ClusterOptions options = stage.site.ClientOptions("sessions");
  options.session_timeout = seconds(1);
  auto opened = Cluster::Open(options);
  REQUIRE(opened.has_value());
  const Cluster& cluster = **opened;
  CHECK(
      stage.site.direct.Await([&] { return cluster.session_state() == SessionState::kConnected; }));
  std::atomic<bool> inside = false;
  std::atomic<bool> go_on = false;
  auto subscription = (*opened)->OnChange([&](const ClusterView&) {
    inside = true;
    go_on.wait(false);
  });
  stage.Set("D");
  CHECK(stage.site.direct.Await([&] { return inside.load(); }));
  CHECK(
      stage.site.direct.Await([&] { return cluster.session_state() == SessionState::kSuspended; }));
  CHECK(cluster.view().session == SessionState::kSuspended);
  go_on = true;
  go_on.notify_all();
  CHECK(
      stage.site.direct.Await([&] { return cluster.session_state() == SessionState::kConnected; }));
}

TEST_CASE("change: the cluster is destroyed while its callbacks run") {
  Stage stage(2);
  stage.Create();
  stage.Set("AA");
  for (int round = 0; round < 10; ++round) {
    auto cluster = stage.site.OpenClient("sessions");
    std::atomic<bool> inside = false;
    std::atomic<bool> destroying = false;
    std::atomic<int> after = 0;
    auto subscription = cluster->OnChange([&](const ClusterView&) {
      inside = true;
      // Waits until the destruction has begun, so that it overlaps a running callback.
      for (int i = 0; i < 20'000 && !destroying; ++i) std::this_thread::yield();
      std::this_thread::yield();
      ++after;
    });
    stage.Set(round % 2 == 0 ? "AD" : "AA");
    REQUIRE(stage.site.direct.Await([&] { return inside.load(); }));
    destroying = true;
    cluster.reset();
    const int calls = after;
    CHECK(calls >= 1);  // it was waited for
    if (round % 3 == 0) stage.Set("DD");
    CHECK(after == calls);
    subscription.reset();  // later than its cluster
  }
}

TEST_CASE("locate: many threads while tables change") {
  Stage stage(4);
  stage.Create();
  stage.Set("AAAA");
  const auto cluster = stage.site.OpenClient("sessions");
  REQUIRE(stage.site.AwaitView(*cluster, "AAAA") == "AAAA");
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> wrong = 0;
  std::atomic<std::uint64_t> lookups = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::uint64_t mine = 0;
      for (int i = t; !stop; ++i) {
        const Location location = cluster->Locate("key:" + std::to_string(i % 5000));
        ++mine;
        // s1 is always alive, so there is always an owner or stand-in; and each
        // table is consistent.
        const bool sound = location.serving && !location.addr.empty() &&
                           location.stand_in == (*location.serving != location.owner) &&
                           !(location.owner == "s1" && location.stand_in);
        if (!sound) ++wrong;
        if (i % 1000 == t) {
          const ClusterView view = cluster->view();
          if (view.shards.size() != 4) ++wrong;
          if (auto lease = cluster->Connect("key:" + std::to_string(i));
              lease && lease->get() == nullptr)
            ++wrong;
        }
      }
      lookups += mine;
    });
  }
  for (int i = 1; i <= 60; ++i) {
    std::string letters = "AAAA";
    letters[1 + static_cast<std::size_t>(i) % 3] = 'D';
    stage.Set(letters);
  }
  stage.Set("AAAA");
  CHECK(stage.site.AwaitView(*cluster, "AAAA") == "AAAA");
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(lookups > 1000);
  CHECK(cluster->counters().lookups >= lookups);
  CHECK(cluster->counters().stand_in_hits > 0);
  CHECK(cluster->counters().tables_built > 2);
}

TEST_CASE("view: ZooKeeper goes away, the last table stays and grows old") {
  Stage stage(2);
  stage.Create();
  stage.Set("AD");
  const auto cluster = stage.site.OpenClient("sessions");
  REQUIRE(stage.site.AwaitView(*cluster, "AD") == "AD");
  const ClusterView before = cluster->view();
  stage.site.zookeeper.Stop();
  REQUIRE(stage.site.direct.Await([&] {
    return cluster->session_state() == SessionState::kLost ||
           cluster->session_state() == SessionState::kConnecting;
  }));
  REQUIRE(stage.site.direct.Await([&] { return cluster->age() > seconds(3); }));
  const ClusterView during = cluster->view();
  CHECK(during.shards == before.shards);
  CHECK(during.generation == before.generation);
  CHECK(during.age > before.age);
  CHECK(during.session != SessionState::kConnected);
  CHECK(cluster->Connect(KeyOwnedBy(*cluster, "s2")).has_value());  // from its stand-in
  stage.site.zookeeper.Start();
  stage.Set("DA");
  CHECK(stage.site.AwaitView(*cluster, "DA") == "DA");
  CHECK(stage.site.direct.Await([&] { return cluster->age() < seconds(3); }));
  CHECK(stage.site.direct.Await(
      [&] { return cluster->session_state() == SessionState::kConnected; }));
  CHECK(cluster->counters().sessions >= 1);
}

TEST_CASE("view: the cluster is deleted and created again under a program") {
  Stage stage(2);
  stage.Create();
  stage.Set("AD");
  const auto cluster = stage.site.OpenClient("sessions");
  REQUIRE(stage.site.AwaitView(*cluster, "AD") == "AD");
  REQUIRE(stage.site.manager->Delete("sessions").has_value());
  CHECK(CodeName(Cluster::Open(stage.site.ClientOptions("sessions"))) == "not_found");
  CHECK(Letters(cluster->view()) == "AD");
  stage.Create([](ClusterSpec& spec) { std::swap(spec.shards[0], spec.shards[1]); });
  stage.Set("AA");
  CHECK(stage.site.AwaitView(*cluster, "AA") == "AA");
  CHECK(cluster->view().shards[0].spec.name == "s2");
}

}  // namespace
}  // namespace zkcluster::integration
