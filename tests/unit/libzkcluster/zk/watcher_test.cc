#include "zk/watcher.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::zk::watcher_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Bench {
  explicit Bench(std::uint64_t seed = 1) : world(seed) {}
  void Settle() { world.RunFor(milliseconds(500)); }
  bool RunUntil(const std::function<bool()>& done) { return world.RunUntil(done, seconds(30)); }

  sim::SimWorld world;
  sim::SimLoop loop{world};
  sim::FakeEnsemble ensemble{world};
  std::unique_ptr<Client> client = ensemble.NewClient(loop, seconds(4));
};

// A NodeWatcher that records what it reports: data, or "-" for absent.
struct NodeLog {
  NodeLog(Bench& bench, const std::string& path)
      : watcher(bench.loop, *bench.client, path, [this](const std::optional<Node>& node) {
          reported.push_back(node ? node->data : "-");
        }) {}
  std::vector<std::string> reported;
  NodeWatcher watcher;
};

struct ChildrenLog {
  ChildrenLog(Bench& bench, const std::string& path)
      : watcher(bench.loop, *bench.client, path,
                [this](const std::optional<ChildrenWatcher::Names>& names) {
                  std::string text = names ? "" : "-";
                  if (names) {
                    for (const auto& name : *names) text += name + " ";
                  }
                  reported.push_back(text);
                }) {}
  std::vector<std::string> reported;
  ChildrenWatcher watcher;
};

// A StatWatcher that records the versions it reports, or "-" for absent.
struct StatLog {
  StatLog(Bench& bench, const std::string& path)
      : watcher(bench.loop, *bench.client, path, [this](const std::optional<Stat>& stat) {
          reported.push_back(stat ? std::to_string(stat->version) : "-");
        }) {}
  std::vector<std::string> reported;
  StatWatcher watcher;
};

using Values = std::vector<std::string>;

TEST_CASE("node: reported when known, at each change, and never the same twice") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  CHECK_FALSE(log.watcher.known());
  bench.Settle();
  CHECK(log.watcher.known());
  for (const char* data : {"1", "2", "3"}) {
    bench.ensemble.Put("/a", data);
    bench.Settle();
  }
  log.watcher.Refresh();
  bench.Settle();
  CHECK(log.reported == Values{"0", "1", "2", "3"});
  CHECK(log.watcher.node()->data == "3");
}

TEST_CASE("stat: reports existence and version at each change, by one read that carries no data") {
  Bench bench;
  StatLog log(bench, "/a");
  bench.Settle();
  CHECK(log.watcher.known());
  CHECK_FALSE(log.watcher.version());
  const auto before = bench.ensemble.requests_served();
  std::size_t gets = 0;
  bench.ensemble.SetFate(*bench.client, [&](const sim::Request& request) {
    gets += request.verb == sim::Verb::kGet ? 1 : 0;
    return sim::Fate::kServe;
  });
  bench.ensemble.Put("/a", "x");  // the watch of an absent znode
  bench.Settle();
  bench.ensemble.Put("/a", "y");  // of a present one
  bench.Settle();
  CHECK(log.watcher.version() == Version{1});
  bench.ensemble.Remove("/a");
  bench.Settle();
  bench.ensemble.Put("/a", "x");
  bench.Settle();
  log.watcher.Refresh();
  bench.Settle();
  CHECK(log.reported == Values{"-", "0", "1", "-", "0"});
  CHECK(bench.ensemble.requests_served() - before == 5);
  CHECK(gets == 0);
}

TEST_CASE("stat: deleted and created within one moment is another znode of the same version") {
  Bench bench;
  bench.ensemble.Put("/a", "x");
  StatLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Remove("/a");
  bench.ensemble.Put("/a", "x");
  CHECK_FALSE(log.watcher.has_news());
  bench.Settle();
  CHECK(log.reported == Values{"0", "0"});
}

TEST_CASE(
    "stat: the connection breaks, the session expires; both times it reads and watches again") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  StatLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Disconnect(*bench.client);
  bench.Settle();
  bench.ensemble.Put("/a", "1");
  bench.ensemble.Reconnect(*bench.client);
  REQUIRE(bench.RunUntil([&] { return log.reported == Values{"0", "1"}; }));
  bench.ensemble.Expire(*bench.client);
  REQUIRE(bench.RunUntil([&] {
    return bench.client->generation() == 2 && bench.client->state() == SessionState::kConnected;
  }));
  bench.Settle();
  bench.ensemble.Put("/a", "2");
  bench.Settle();
  CHECK(log.reported == Values{"0", "1", "2"});
}

TEST_CASE("node, stat: created and removed within one moment is reported as one more absence") {
  Bench bench;
  NodeLog node(bench, "/a");
  StatLog stat(bench, "/a");
  bench.Settle();
  bench.ensemble.Put("/a", "x");
  bench.ensemble.Remove("/a");
  bench.Settle();
  CHECK(node.reported == Values{"-", "-"});
  CHECK(stat.reported == Values{"-", "-"});
  node.watcher.Refresh();
  bench.Settle();
  CHECK(node.reported == Values{"-", "-"});
}

TEST_CASE("node: absent, created, deleted, created again") {
  Bench bench;
  NodeLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Put("/a", "x");
  bench.Settle();
  bench.ensemble.Remove("/a");
  bench.Settle();
  bench.ensemble.Put("/a", "x");
  bench.Settle();
  CHECK(log.reported == Values{"-", "x", "-", "x"});
}

TEST_CASE("node: deleted and created at once is another node, even with equal data") {
  Bench bench;
  bench.ensemble.Put("/a", "x");
  NodeLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Remove("/a");
  bench.ensemble.Put("/a", "x");
  bench.Settle();
  CHECK(log.reported == Values{"x", "x"});
}

TEST_CASE("node: a burst of changes ends with the last, in few reads") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  bench.Settle();
  const auto before = bench.ensemble.requests_served();
  for (int i = 1; i <= 1000; ++i) bench.ensemble.Put("/a", std::to_string(i));
  bench.Settle();
  CHECK(log.reported.back() == "1000");
  CHECK(bench.ensemble.requests_served() - before <= 4);
}

TEST_CASE("node: many refreshes do not pile up") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  bench.Settle();
  const auto before = bench.ensemble.requests_served();
  for (int i = 0; i < 100; ++i) log.watcher.Refresh();
  bench.Settle();
  CHECK(bench.ensemble.requests_served() - before == 1);
}

TEST_CASE("node: changed while the connection is broken") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Disconnect(*bench.client);
  bench.Settle();
  bench.ensemble.Put("/a", "1");
  bench.Settle();
  CHECK(log.reported == Values{"0"});
  bench.ensemble.Reconnect(*bench.client);
  REQUIRE(bench.RunUntil([&] { return log.reported.size() == 2; }));
  CHECK(log.reported.back() == "1");
}

TEST_CASE("node: the session expires; the next one watches again") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Expire(*bench.client);
  REQUIRE(bench.RunUntil([&] {
    return bench.client->generation() == 2 && bench.client->state() == SessionState::kConnected;
  }));
  bench.Settle();
  CHECK(log.reported == Values{"0"});
  bench.ensemble.Put("/a", "1");
  bench.Settle();
  CHECK(log.reported == Values{"0", "1"});
}

TEST_CASE("node: answers of reads are lost; it reads again") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  bench.ensemble.LoseAnswers(*bench.client, 5);
  REQUIRE(bench.RunUntil([&] { return log.reported.size() == 1; }));
  bench.ensemble.Put("/a", "1");
  bench.Settle();
  CHECK(log.reported == Values{"0", "1"});
}

TEST_CASE("node: the ensemble is away for an hour; the last state stays, then the newest comes") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  NodeLog log(bench, "/a");
  bench.Settle();
  bench.ensemble.Down();
  bench.world.RunFor(std::chrono::hours(1));
  CHECK(log.watcher.node()->data == "0");
  bench.ensemble.Put("/a", "1");
  bench.ensemble.Up();
  REQUIRE(bench.RunUntil([&] { return log.reported.size() == 2; }));
  CHECK(log.reported.back() == "1");
}

TEST_CASE("node: after any disturbance the last state is known in the end") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Bench bench(seed);
    NodeLog log(bench, "/a");
    for (int i = 0; i < 30; ++i) {
      switch (bench.world.Below(7)) {
        case 0:
          bench.ensemble.Put("/a", std::to_string(i));
          break;
        case 1:
          bench.ensemble.Remove("/a");
          break;
        case 2:
          bench.ensemble.Reset(*bench.client);
          break;
        case 3:
          bench.ensemble.Expire(*bench.client);
          break;
        case 4:
          bench.ensemble.LoseAnswers(*bench.client, 2);
          break;
        case 5:
          bench.loop.Pause(bench.world.Between(Duration::zero(), seconds(6)));
          break;
        default:
          log.watcher.Refresh();
      }
      bench.world.RunFor(bench.world.Between(Duration::zero(), milliseconds(300)));
    }
    bench.ensemble.SetFate(*bench.client, nullptr);
    bench.world.RunFor(seconds(30));
    const auto truth = bench.ensemble.Get("/a");
    REQUIRE(log.watcher.known());
    CHECK(log.watcher.node() == truth);
    CHECK(log.reported.back() == (truth ? truth->data : "-"));
  }
}

TEST_CASE("node: its owner destroys it in the callback") {
  Bench bench;
  bench.ensemble.Put("/a", "0");
  std::string data;
  std::unique_ptr<NodeWatcher> watcher;
  watcher = std::make_unique<NodeWatcher>(bench.loop, *bench.client, "/a",
                                          [&](const std::optional<Node>& node) {
                                            watcher.reset();
                                            data = node->data;
                                          });
  REQUIRE(bench.RunUntil([&] { return watcher == nullptr; }));
  CHECK(data == "0");
  bench.ensemble.Put("/a", "1");
  bench.Settle();
  CHECK(data == "0");
}

TEST_CASE("children: reported sorted, at each change of the list, not of their data") {
  Bench bench;
  ChildrenLog log(bench, "/p");
  bench.Settle();
  bench.ensemble.Put("/p", "");
  bench.Settle();
  bench.ensemble.Put("/p/b", "");
  bench.Settle();
  bench.ensemble.Put("/p/a", "");
  bench.ensemble.Put("/p/b", "data");
  bench.Settle();
  bench.ensemble.Put("/p", "data");
  bench.Settle();
  bench.ensemble.Remove("/p/b");
  bench.Settle();
  bench.ensemble.Remove("/p");
  bench.Settle();
  CHECK(log.reported == Values{"-", "", "b ", "a b ", "a ", "-"});
}

TEST_CASE("children: ephemerals of another session leave with it") {
  Bench bench;
  bench.ensemble.Put("/p", "");
  ChildrenLog log(bench, "/p");
  sim::SimLoop other_loop(bench.world);
  auto other = bench.ensemble.NewClient(other_loop, seconds(4));
  REQUIRE(bench.RunUntil([&] { return other->state() == SessionState::kConnected; }));
  bench.Settle();
  other->Create("/p/e", "", CreateMode::kEphemeral, [](const auto&) {});
  bench.Settle();
  other.reset();
  REQUIRE(bench.RunUntil([&] { return log.reported.back() == ""; }));
  CHECK(log.reported == Values{"", "e ", ""});
}

}  // namespace
}  // namespace zkcluster::zk::watcher_test
