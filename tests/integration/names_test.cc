// Shards and ZooKeeper given by name, with real processes and name servers of the test's own: what
// happens to a name or to a name server never decides about a shard.
#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/name_server.h"
#include "tests/support/name_world.h"
#include "tests/support/site.h"
#include "tests/support/zkctl_process.h"

namespace zkcluster::integration {
namespace {

using namespace std::chrono_literals;
using contract::NameServer;
using Manners = NameServer::Manners;

constexpr const char* kFirst = "127.0.0.51";
constexpr const char* kSecond = "127.0.0.52";

bool Skipped() {
  if (WhyNoNameWorld().empty()) return false;
  MESSAGE("skipped: " << WhyNoNameWorld());
  return true;
}

// Two name servers, one Redis server, one checker that finds ZooKeeper and the shard by name.
struct World {
  World() : World({kFirst, kSecond}) {}
  explicit World(const std::vector<std::string>& order, const std::string& more = "") {
    WriteResolvConf(order, more);
    Set("zk.test", {"127.0.0.1"});
    Set("s1.test", {"127.0.0.1"});
    site.AddRedis(1);
  }

  void Set(const std::string& name, std::vector<std::string> to, std::uint32_t ttl = 5) {
    for (NameServer* server : {&first, &second}) server->Set(name, {to, {}, ttl, ""});
  }
  void Remove(const std::string& name) {
    for (NameServer* server : {&first, &second}) server->Remove(name);
  }
  void SetManners(Manners manners) {
    for (NameServer* server : {&first, &second}) server->SetManners(manners);
  }
  [[nodiscard]] std::string port() const { return std::to_string(site.redis[0]->port()); }

  sandbox::CheckerProcess& AddChecker(const std::string& id = "c1") {
    auto options = site.CheckerDefaults(id);
    options.zookeeper = zookeeper();
    return site.AddChecker(std::move(options));
  }
  [[nodiscard]] std::string zookeeper() const {
    return "zk.test:" + std::to_string(site.zookeeper.port());
  }
  // A cluster with one shard by name that is seen alive.
  void Serve(const std::string& name = "s1.test") {
    AddChecker();
    site.Create(site.SpecOf("sessions", {name + ":" + port()}));
    REQUIRE(site.AwaitStatus("sessions", "A") == "A");
  }

  NameServer first{kFirst, 53};
  NameServer second{kSecond, 53};
  Site site;
};

}  // namespace

TEST_CASE("names: one bad name server of two, in each place: all is found and judged") {
  if (Skipped()) return;
  const std::array<Manners, 7> kinds = {Manners{.silent = true},    Manners{.code = 5},
                                        Manners{.code = 3},         Manners{.silent_v6 = true},
                                        Manners{.silent_v4 = true}, Manners{.silent_edns = true},
                                        Manners{.delay = 3000ms}};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    for (const bool bad_first : {true, false}) {
      CAPTURE(kind);
      CAPTURE(bad_first);
      World world;
      (bad_first ? world.first : world.second).SetManners(kinds[kind]);
      world.Serve();
      world.site.redis[0]->Kill();
      CHECK(world.site.AwaitStatus("sessions", "D") == "D");
      world.site.redis[0]->Start();
      CHECK(world.site.AwaitStatus("sessions", "A") == "A");
    }
  }
}

TEST_CASE("names: one name server of two is not there at all") {
  if (Skipped()) return;
  for (const auto& order : {std::vector<std::string>{"127.0.0.99", kSecond},
                            std::vector<std::string>{kFirst, "127.0.0.99"}}) {
    World world(order);
    world.Serve();
    world.site.redis[0]->Kill();
    CHECK(world.site.AwaitStatus("sessions", "D") == "D");
  }
}

TEST_CASE("names: a name is gone, or no name server answers, and then the shard dies") {
  if (Skipped()) return;
  for (const bool gone : {true, false}) {
    CAPTURE(gone);
    World world;
    world.Serve();
    if (gone) {
      world.Remove("s1.test");
      // The checker has noticed, and says so.
      CHECK(world.site.checkers[0]->AwaitLog({"event=probe.alarm", "alarm=unresolved"}, kLimit));
    } else {
      const auto before = world.first.questions() + world.second.questions();
      world.SetManners({.silent = true});
      CHECK(world.site.direct.Await(
          [&] { return world.first.questions() + world.second.questions() >= before + 2; }));
    }
    CHECK(world.site.Statuses("sessions") == "A");
    world.site.redis[0]->Kill();
    CHECK(world.site.AwaitStatus("sessions", "D") == "D");
    world.site.redis[0]->Start();
    CHECK(world.site.AwaitStatus("sessions", "A") == "A");
  }
}

TEST_CASE("names: a name moves while the old server answers") {
  if (Skipped()) return;
  World world;
  // The same port at another address.
  sandbox::RedisOptions options;
  options.port = world.site.redis[0]->port();
  options.place.host = "127.0.0.2";
  const auto moved = std::make_unique<sandbox::RedisServer>(options);
  world.Set("s1.test", {"127.0.0.1"}, 0);
  world.Serve();
  world.Set("s1.test", {"127.0.0.2"}, 0);
  const auto clients = [&] { return moved->Command({"CLIENT", "LIST", "TYPE", "normal"}); };
  CHECK(world.site.direct.Await([&] {
    const std::string list = clients();
    return std::ranges::count(list, '\n') >= 2;  // the checker, and this test
  }));
  moved->Kill();
  CHECK(world.site.AwaitStatus("sessions", "D") == "D");
}

TEST_CASE("names: ten addresses, of which one works; answers that need TCP; search domains") {
  if (Skipped()) return;
  SUBCASE("ten addresses") {
    World world;
    std::vector<std::string> ten;
    for (int i = 11; i <= 19; ++i) ten.push_back("127.0.0." + std::to_string(i));
    ten.emplace_back("127.0.0.1");
    world.Set("s1.test", ten);
    world.Serve();
    world.site.redis[0]->Kill();
    CHECK(world.site.AwaitStatus("sessions", "D") == "D");
  }
  SUBCASE("TCP") {
    World world;
    world.SetManners({.truncated = true});
    world.Serve();
  }
  SUBCASE("search domains") {
    World world({kFirst, kSecond}, "search nowhere.test test\noptions ndots:2\n");
    world.Serve("s1");
    world.site.redis[0]->Kill();
    CHECK(world.site.AwaitStatus("sessions", "D") == "D");
  }
}

TEST_CASE("names: resolv.conf changes while a checker runs") {
  if (Skipped()) return;
  World world({"127.0.0.98", "127.0.0.99"});
  auto& checker = world.site.AddChecker("c1");  // ZooKeeper by address
  world.site.Create(world.site.SpecOf("sessions", {"s1.test:" + world.port()}));
  CHECK(checker.AwaitLog({"event=probe.alarm", "alarm=unresolved"}, kLimit));
  WriteResolvConf({kFirst});
  CHECK(world.site.AwaitStatus("sessions", "A") == "A");
}

TEST_CASE("names: a thousand dead shards by name cost 50 questions a second, and die like one") {
  if (Skipped()) return;
  World world;
  auto& site = world.site;
  world.AddChecker();
  std::vector<std::string> addresses;
  for (int i = 1; i <= 1000; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    world.Set(name, {"127.0.0.1"}, 0);
    addresses.push_back(name + ":" + world.port());
  }
  site.Create(site.SpecOf("sessions", addresses));
  const std::string all(1000, 'A');
  REQUIRE(site.AwaitStatus("sessions", all) == all);
  const auto begun = std::chrono::steady_clock::now();
  site.redis[0]->Kill();
  const std::string none(1000, 'D');
  CHECK(site.AwaitStatus("sessions", none) == none);
  // Whatever the number of seconds: no window of one has more.
  site.direct.Pump(3s);
  std::vector<std::chrono::steady_clock::time_point> times;
  for (const NameServer* server : {&world.first, &world.second}) {
    for (const auto at : server->times()) {
      if (at >= begun) times.push_back(at);
    }
  }
  std::ranges::sort(times);
  CHECK(times.size() > 50);
  // Packets that the kernel or a busy machine held back arrive together: allow a fifth more.
  for (std::size_t i = 60; i < times.size(); ++i) {
    if (times[i] - times[i - 60] < 1s) FAIL("more than 60 questions within a second");
  }
}

TEST_CASE("names: ZooKeeper by name, for checkers, zkctl and programs") {
  if (Skipped()) return;
  World world;
  auto& site = world.site;
  world.first.SetManners({.silent = true});
  world.Serve();
  // Nothing but what they say themselves goes to stderr.
  Operator person(site);
  person.variables["ZKCTL_ZK"] = world.zookeeper();
  CheckDone(person.Run({"list"}));
  for (const std::string part : {"Nameserver", "[msg]", "[warn]", "evdns"}) {
    CHECK(site.checkers[0]->CountLog({part}) == 0);
  }
  auto options = site.ClientOptions("sessions");
  options.zookeeper = world.zookeeper();
  auto cluster = Cluster::Open(options);
  REQUIRE_MESSAGE(cluster.has_value(), cluster.error().message);
  // The names go away, and so does the server for a moment: the last good address is used.
  world.Remove("zk.test");
  world.SetManners({.silent = true});
  site.zookeeper.Stop();
  CHECK(site.direct.Await([&] { return (*cluster)->session_state() != SessionState::kConnected; }));
  site.zookeeper.Start();
  CHECK(site.direct.Await([&] { return (*cluster)->session_state() == SessionState::kConnected; }));
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "D") == "D");
  CHECK(site.AwaitView(**cluster, "D") == "D");
}

TEST_CASE("names: Connect looks a name up within its own time, and keeps the last good address") {
  if (Skipped()) return;
  World world;
  auto& site = world.site;
  world.Serve();
  auto options = site.ClientOptions("sessions");
  options.pool.idle_per_shard = 0;  // each lease connects
  options.pool.connect_timeout = 500ms;
  const auto cluster = Cluster::Open(options);
  REQUIRE(cluster);
  world.SetManners({.silent = true});
  // glibc would wait for 20 s.
  const auto begun = std::chrono::steady_clock::now();
  const auto refused = (*cluster)->Connect("key");
  CHECK(CodeName(refused) == "unavailable");
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  world.SetManners({});
  CHECK(site.direct.Await([&] { return (*cluster)->Connect("key").has_value(); }));
  world.SetManners({.silent = true});
  for (int i = 0; i < 3; ++i) CHECK((*cluster)->Connect("key").has_value());
  // Within a callback, on the client's own thread.
  world.SetManners({});
  std::atomic<int> connected = 0;
  const auto subscription = (*cluster)->OnChange([&](const ClusterView&) {
    if ((*cluster)->Connect("key").has_value()) ++connected;
  });
  site.redis[0]->Kill();
  CHECK(site.AwaitView(**cluster, "D") == "D");
  site.redis[0]->Start();
  CHECK(site.direct.Await([&] { return connected > 0; }));
}

TEST_CASE("names: a pool follows a name that moves") {
  if (Skipped()) return;
  World world;
  sandbox::RedisOptions elsewhere;
  elsewhere.port = world.site.redis[0]->port();
  elsewhere.place.host = "127.0.0.2";
  sandbox::RedisServer moved(elsewhere);
  world.Set("s1.test", {"127.0.0.1"}, 0);
  world.Serve();
  const auto cluster = Cluster::Open(world.site.ClientOptions("sessions"));
  REQUIRE(cluster);
  REQUIRE((*cluster)->Connect("key").has_value());
  world.Set("s1.test", {"127.0.0.2"}, 0);
  // Also the idle connection to the old server, which still answers, is given up.
  CHECK(world.site.direct.Await([&] {
    const auto lease = (*cluster)->Connect("key");
    return lease && std::string(lease->get()->tcp.host) == "127.0.0.2";
  }));
}

}  // namespace zkcluster::integration
