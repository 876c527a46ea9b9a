// One Client for many clusters, on a real ZooKeeper: one session, one thread; the order and the
// thread of destruction, and its effect on the others.
#include <zkcluster/client.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "codec/codec.h"
#include "tests/support/site.h"

namespace zkcluster::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::size_t CountThreads() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/self/task")) {
    ++count;
  }
  return count;
}

struct ClientStage {
  Site site;
  std::int64_t since = 1795228045000000;

  static std::string Name(int i) { return "c" + std::to_string(i); }
  void Create(int i) {
    site.Create(site.SpecOf(
        Name(i), {"10.0.0.1:" + std::to_string(2000 + i), "10.0.0.2:" + std::to_string(2000 + i)}));
    REQUIRE(site.direct.Create(site.Paths(Name(i)).mirror(), "{}").has_value());
  }
  void Set(int i, const std::string& letters) {
    StatusBoard board;
    for (const char letter : letters) {
      ShardState row;
      row.status = letter == 'A' ? ShardStatus::kAlive : ShardStatus::kDead;
      row.since = Micros(++since);
      board.shards.push_back(row);
    }
    const auto spec = site.manager->Get(Name(i));
    REQUIRE(spec.has_value());
    const auto set =
        site.direct.Put(site.Paths(Name(i)).mirror(), EncodeMirror(spec->shards, board));
    REQUIRE(set.has_value());
  }
  [[nodiscard]] std::unique_ptr<Client> OpenClient(ClientOptions options = {}) const {
    options.zookeeper = site.zookeeper.address();
    options.root = site.root;
    auto client = Client::Open(options);
    REQUIRE_MESSAGE(client.has_value(), client.error().message);
    return *std::move(client);
  }
  static std::unique_ptr<Cluster> Follow(const Client& client, int i) {
    auto cluster = Cluster::Open(client, {.name = Name(i), .open_timeout = kLimit});
    REQUIRE_MESSAGE(cluster.has_value(), cluster.error().message);
    return *std::move(cluster);
  }
};

TEST_CASE("client: 200 clusters and a manager have one session and one thread") {
  constexpr int kClusters = 200;
  ClientStage stage;
  for (int i = 0; i < kClusters; ++i) stage.Create(i);
  const std::size_t threads = CountThreads();
  const std::size_t sessions = stage.site.zookeeper.Sessions();
  auto client = stage.OpenClient();
  std::vector<std::unique_ptr<Cluster>> clusters;
  for (int i = 0; i < kClusters; ++i) clusters.push_back(ClientStage::Follow(*client, i));
  const auto manager = Manager::Open(*client, kLimit);
  REQUIRE(manager.has_value());
  CHECK((*manager)->List().value().size() == kClusters);
  CHECK(CountThreads() == threads + 1);
  CHECK(stage.site.zookeeper.Sessions() == sessions + 1);

  // A flip reaches its cluster, and no other.
  std::vector<std::atomic<int>> calls(kClusters);
  std::vector<std::shared_ptr<Cluster::Subscription>> subscriptions;
  for (int i = 0; i < kClusters; ++i) {
    subscriptions.push_back(clusters[static_cast<std::size_t>(i)]->OnChange(
        [&calls, i](const ClusterView&) { ++calls[static_cast<std::size_t>(i)]; }));
  }
  for (const int i : {0, 77, 199}) {
    stage.Set(i, "AD");
    CHECK(stage.site.AwaitView(*clusters[static_cast<std::size_t>(i)], "AD") == "AD");
  }
  for (int i = 0; i < kClusters; ++i) {
    CAPTURE(i);
    const bool flipped = i == 0 || i == 77 || i == 199;
    CHECK(Letters(clusters[static_cast<std::size_t>(i)]->view()) == (flipped ? "AD" : "??"));
    CHECK(clusters[static_cast<std::size_t>(i)]->counters().sessions == 1);
  }
  CHECK(
      stage.site.direct.Await([&] { return calls[0] == 1 && calls[77] == 1 && calls[199] == 1; }));
  CHECK(calls[1] == 0);

  // First the handle is destroyed, then every second cluster: the others are not disturbed.
  client.reset();
  for (std::size_t i = 1; i < kClusters; i += 2) clusters[i].reset();
  CHECK(stage.site.zookeeper.Sessions() == sessions + 1);
  stage.Set(100, "DA");
  CHECK(stage.site.AwaitView(*clusters[100], "DA") == "DA");
  CHECK((*manager)->Get(ClientStage::Name(100)).has_value());
  clusters.clear();
  CHECK(CountThreads() == threads + 1);  // the manager has it still
  CHECK((*manager)->List().has_value());
}

TEST_CASE("client: the last of its owners ends the session, whichever it is") {
  ClientStage stage;
  stage.Create(1);
  const std::size_t threads = CountThreads();
  const std::size_t sessions = stage.site.zookeeper.Sessions();
  for (const std::string order : {"client", "cluster", "manager"}) {
    CAPTURE(order);
    auto client = stage.OpenClient();
    auto cluster = ClientStage::Follow(*client, 1);
    auto manager = *Manager::Open(*client, kLimit);
    CHECK(stage.site.zookeeper.Sessions() == sessions + 1);
    if (order != "client") client.reset();
    if (order != "cluster") cluster.reset();
    if (order != "manager") manager.reset();
    CHECK(CountThreads() == threads + 1);
    client.reset();
    cluster.reset();
    manager.reset();
    CHECK(CountThreads() == threads);
    CHECK(stage.site.direct.Await([&] { return stage.site.zookeeper.Sessions() == sessions; }));
  }
}

TEST_CASE("client: destroyed from within a callback, itself or what is beside it") {
  ClientStage stage;
  stage.Create(1);
  stage.Create(2);
  const std::size_t threads = CountThreads();
  for (const std::string victim : {"itself", "the other", "the client", "all"}) {
    CAPTURE(victim);
    stage.Set(1, "AA");
    auto client = stage.OpenClient();
    auto one = ClientStage::Follow(*client, 1);
    auto two = ClientStage::Follow(*client, 2);
    REQUIRE(stage.site.AwaitView(*one, "AA") == "AA");
    std::atomic<int> calls = 0;
    std::atomic<bool> done = false;
    auto subscription = one->OnChange([&](const ClusterView&) {
      ++calls;
      if (victim == "itself" || victim == "all") one.reset();
      if (victim == "the other" || victim == "all") two.reset();
      if (victim == "the client" || victim == "all") client.reset();
      done = true;
    });
    stage.Set(1, "AD");
    REQUIRE(stage.site.direct.Await([&] { return done.load(); }));
    if (two) {
      stage.Set(2, "DA");
      CHECK(stage.site.AwaitView(*two, "DA") == "DA");
    }
    if (!one) CHECK(calls == 1);
    if (one) CHECK(Letters(one->view()) == "AD");
    subscription.reset();
    one.reset();
    two.reset();
    client.reset();
    CHECK(stage.site.direct.Await([&] { return CountThreads() == threads; }));
  }
}

TEST_CASE("client: what would wait for itself is refused within a callback") {
  ClientStage stage;
  stage.Create(1);
  stage.Set(1, "AA");
  const auto client = stage.OpenClient();
  const auto cluster = ClientStage::Follow(*client, 1);
  const auto manager = *Manager::Open(*client, kLimit);
  std::promise<std::string> codes;
  const auto subscription = cluster->OnChange([&](const ClusterView&) {
    codes.set_value(CodeName(Cluster::Open(*client, {.name = "c1"})) + " " +
                    CodeName(manager->List()));
  });
  stage.Set(1, "AD");
  auto future = codes.get_future();
  REQUIRE(stage.site.direct.Await(
      [&] { return future.wait_for(seconds(0)) == std::future_status::ready; }));
  CHECK(future.get() == "invalid invalid");
}

TEST_CASE("client: a callback of one cluster that waits does not hold up another's end") {
  ClientStage stage;
  stage.Create(1);
  stage.Create(2);
  stage.Set(1, "AA");
  const auto client = stage.OpenClient();
  const auto one = ClientStage::Follow(*client, 1);
  auto two = ClientStage::Follow(*client, 2);
  REQUIRE(stage.site.AwaitView(*one, "AA") == "AA");
  std::atomic<bool> inside = false;
  std::atomic<bool> go_on = false;
  const auto subscription = one->OnChange([&](const ClusterView&) {
    inside = true;
    go_on.wait(false);
  });
  stage.Set(1, "AD");
  REQUIRE(stage.site.direct.Await([&] { return inside.load(); }));
  two.reset();  // would never return if it waited for the thread
  go_on = true;
  go_on.notify_all();
  CHECK(Letters(one->view()) == "AD");
}

TEST_CASE("client: ZooKeeper goes away, and every cluster keeps its table and says how old it is") {
  ClientStage stage;
  for (int i = 1; i <= 3; ++i) {
    stage.Create(i);
    stage.Set(i, "AD");
  }
  const auto client = stage.OpenClient({.session_timeout = seconds(1)});
  std::vector<std::unique_ptr<Cluster>> clusters;
  for (int i = 1; i <= 3; ++i) {
    clusters.push_back(ClientStage::Follow(*client, i));
    REQUIRE(stage.site.AwaitView(*clusters.back(), "AD") == "AD");
  }
  CHECK(client->session_state() == SessionState::kConnected);
  stage.site.zookeeper.Stop();
  REQUIRE(stage.site.direct.Await([&] { return client->age() > seconds(2); }));
  for (const auto& cluster : clusters) {
    CHECK(cluster->age() > seconds(1));
    CHECK(cluster->session_state() != SessionState::kConnected);
    CHECK(Letters(cluster->view()) == "AD");
  }
  stage.site.zookeeper.Start();
  for (int i = 1; i <= 3; ++i) {
    const auto& cluster = *clusters[static_cast<std::size_t>(i - 1)];
    stage.Set(i, "DA");
    CHECK(stage.site.AwaitView(cluster, "DA") == "DA");
    CHECK(stage.site.direct.Await([&] { return cluster.age() < seconds(1); }));
    CHECK(cluster.counters().sessions == client->sessions());
  }
  CHECK(client->sessions() >= 2);
}

TEST_CASE("client: wrong options, and no such cluster") {
  ClientStage stage;
  stage.Create(1);
  CHECK(CodeName(Client::Open({.zookeeper = ""})) == "invalid");
  CHECK(CodeName(Client::Open({.zookeeper = "127.0.0.1:1", .root = "no-slash"})) == "invalid");
  CHECK(CodeName(Client::Open({.zookeeper = "127.0.0.1:1", .access_file = "/none"})) == "invalid");
  CHECK(CodeName(Client::Open({.zookeeper = "127.0.0.1:1", .session_timeout = milliseconds(1)})) ==
        "invalid");
  const auto client = stage.OpenClient();
  CHECK(CodeName(Cluster::Open(*client, {.name = "none"})) == "not_found");
  CHECK(CodeName(Cluster::Open(*client, {.name = "a/b"})) == "invalid");
  CHECK(CodeName(Manager::Open(*client, Duration(0))) == "invalid");
  CHECK(CodeName(Cluster::Open(*client, {.name = "c1"})) == "success");
}

}  // namespace
}  // namespace zkcluster::integration
