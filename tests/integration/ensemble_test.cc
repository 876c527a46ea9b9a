// The ensemble under disturbance: away, back, empty, named by several addresses; clusters that
// come, change and go under live checkers; foreign bytes in every znode.
#include <atomic>
#include <thread>

#include "admin/snapshot.h"
#include "tests/support/site.h"

namespace zkcluster::integration::ensemble_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Dead() {
  return "127.0.0.1:" + std::to_string(sandbox::FreePort());
}

TEST_CASE("ensemble: ZooKeeper restarts, and a shard dies meanwhile") {
  Site site;
  site.AddRedis(3);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  const auto cluster = site.OpenClient("sessions");
  REQUIRE(site.AwaitView(*cluster, "AAA") == "AAA");

  site.zookeeper.Stop();
  site.redis[1]->Kill();
  for (auto& checker : site.checkers) {
    REQUIRE(checker->AwaitLog({"event=opinion.dead", "shard=s2"}, kLimit));
  }
  // No checker can decide: programs keep the last table, and know its age.
  REQUIRE(site.direct.Await([&] { return cluster->session_state() != SessionState::kConnected; }));
  CHECK(Letters(cluster->view()) == "AAA");
  const Duration age = cluster->age();
  CHECK(site.direct.Await([&] { return cluster->age() > age; }));

  site.zookeeper.Start();
  CHECK(site.AwaitStatus("sessions", "ADA") == "ADA");
  CHECK(site.AwaitView(*cluster, "ADA") == "ADA");
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(site.direct.Await([&] { return cluster->session_state() == SessionState::kConnected; }));
  site.redis[1]->Start();
  CHECK(site.AwaitView(*cluster, "AAA") == "AAA");
}

TEST_CASE("ensemble: ZooKeeper is away until every session has ended at both ends") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  site.zookeeper.Kill();
  for (auto& checker : site.checkers) REQUIRE(checker->AwaitLog({"event=zk.lost"}, kLimit));
  site.redis[0]->Kill();
  site.zookeeper.Start();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(site.direct.Await([&] { return site.Read("sessions").candidates.size() == 3; }));
}

TEST_CASE("ensemble: ZooKeeper hangs for a while") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  site.zookeeper.Pause();
  for (auto& checker : site.checkers) REQUIRE(checker->AwaitLog({"event=zk.suspended"}, kLimit));
  site.redis[0]->Kill();
  site.zookeeper.Resume();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
}

TEST_CASE("start: nothing is in ZooKeeper yet, and clusters come later") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);  // ready without a cluster, without even a root
  CHECK_FALSE(site.direct.Exists(site.root));
  for (auto& checker : site.checkers) {
    CHECK(checker->CountLog({"event=root.missing", "root=" + site.root}) == 1);
  }
  site.Create(site.SpecOf("first"));
  CHECK(site.AwaitStatus("first", "AA") == "AA");
  site.Create(site.SpecOf("second", {site.redis[1]->address()}));
  CHECK(site.AwaitStatus("second", "A") == "A");
  site.redis[1]->Kill();
  CHECK(site.AwaitStatus("first", "AD") == "AD");
  CHECK(site.AwaitStatus("second", "D") == "D");
  REQUIRE(site.manager->Delete("second").has_value());
  for (auto& checker : site.checkers) {
    CHECK(checker->AwaitLog({"event=cluster.gone", "cluster=second"}, kLimit));
  }
  CHECK(site.Statuses("first") == "AD");
}

TEST_CASE("start: ZooKeeper is not reachable, and comes later") {
  Site site;
  site.AddRedis(1);
  site.Create([&] {
    auto spec = site.SpecOf("sessions");
    spec.checkers = 1;
    return spec;
  }());
  site.zookeeper.Stop();
  auto options = site.CheckerDefaults("c1");
  options.ready_line.clear();
  auto& checker = site.AddChecker(options);
  REQUIRE(checker.AwaitLog({"event=zk.connecting", site.zookeeper.address()}, kLimit));
  REQUIRE(checker.AwaitLog({"event=zk.unreachable"}, kLimit));
  site.direct.Pump(seconds(2));
  CHECK(checker.running());
  CHECK(checker.CountLog({"event="}) < 30);  // it logs that, but not continuously
  // Even in this state SIGTERM ends it cleanly.
  CHECK(checker.Stop() == sandbox::ExitStatus{0, 0});
  checker.Start();
  site.zookeeper.Start();
  CHECK(site.AwaitStatus("sessions", "A") == "A");
}

TEST_CASE("ensemble: several addresses, most of them dead") {
  Site site;
  site.AddRedis(1);
  const std::string alive = site.zookeeper.address();
  const std::string rows[] = {Dead() + "," + alive, alive + "," + Dead(),
                              Dead() + "," + Dead() + "," + alive + "," + Dead(),
                              alive + "," + alive,
                              "localhost:" + std::to_string(site.zookeeper.port()) + "," + Dead()};
  int n = 0;
  for (const std::string& servers : rows) {
    CAPTURE(servers);
    const std::string name = "cluster" + std::to_string(++n);
    const auto manager =
        Manager::Open({.zookeeper = servers, .root = site.root, .timeout = kLimit});
    REQUIRE(manager.has_value());
    auto spec = site.SpecOf(name);
    spec.checkers = 1;
    CHECK(CodeName((*manager)->Create(spec)) == "success");
    auto options = site.ClientOptions(name);
    options.zookeeper = servers;
    CHECK(CodeName(Cluster::Open(options)) == "success");
  }
  auto options = site.CheckerDefaults("c1");
  options.zookeeper = rows[2];
  auto& checker = site.AddChecker(options);
  CHECK(site.AwaitStatus("cluster1", "A") == "A");
  // It reconnects to the only running server.
  const auto connected = checker.CountLog({"event=zk.connected"});
  site.zookeeper.Stop();
  REQUIRE(site.direct.Await([&] { return checker.CountLog({"event=zk.suspended"}) > 0; }));
  site.zookeeper.Start();
  CHECK(site.direct.Await([&] { return checker.CountLog({"event=zk.connected"}) > connected; }));
  CHECK(site.AwaitVoters("cluster1", "c1") == "c1");
}

TEST_CASE("delete: with live checkers, and created again, ten times") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  const ClusterSpec spec = site.SpecOf("sessions");
  for (int round = 1; round <= 10; ++round) {
    CAPTURE(round);
    site.Create(spec);
    REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
    const auto deleted = site.manager->Delete("sessions");
    REQUIRE_MESSAGE(deleted.has_value(), deleted.error().message);
    CHECK_FALSE(site.direct.Exists(site.Paths("sessions").base()));
    CHECK(site.direct.Children(site.root).empty());
    // Every other time it is created again before a checker could leave.
    if (round % 2 != 0) continue;
    for (auto& checker : site.checkers) {
      CHECK(site.direct.Await([&] {
        return checker->CountLog({"event=cluster.gone"}) >= static_cast<std::size_t>(round);
      }));
    }
  }
  CHECK(site.direct.Children(site.root).empty());
  site.Create(spec);
  CHECK(site.AwaitStatus("sessions", "AA") == "AA");
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(site.direct.Children(site.Paths("sessions").election()).size() == 3);
  CHECK(site.Read("sessions").leader->epoch == 1);
}

TEST_CASE("delete: while a shard dies and flips are under way") {
  Site site;
  site.AddRedis(3);
  site.AddCheckers(3);
  const ClusterSpec spec = site.SpecOf("sessions");
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  for (auto& server : site.redis) server->Kill();
  const auto deleted = site.manager->Delete("sessions");
  REQUIRE_MESSAGE(deleted.has_value(), deleted.error().message);
  for (auto& checker : site.checkers) {
    REQUIRE(checker->AwaitLog({"event=cluster.gone"}, kLimit));
  }
  CHECK(site.direct.Children(site.root).empty());
  site.Create(spec);
  CHECK(site.AwaitStatus("sessions", "DDD") == "DDD");
}

TEST_CASE("spec: shards are added, removed, moved and options changed under load") {
  Site site;
  site.AddRedis(5);
  site.AddCheckers(3);
  std::vector<std::string> addresses;
  for (const auto& server : site.redis) addresses.push_back(server->address());
  ClusterSpec spec = site.SpecOf("sessions", {addresses.begin(), addresses.begin() + 3});
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  const auto cluster = site.OpenClient("sessions");
  REQUIRE(site.AwaitView(*cluster, "AAA") == "AAA");

  std::atomic<bool> stop = false;
  std::atomic<int> lookups = 0;
  std::atomic<int> nowhere = 0;
  std::atomic<int> refused = 0;
  std::thread load([&] {
    for (int i = 0; !stop; ++i) {
      const std::string key = "key:" + std::to_string(i % 1000);
      if (!cluster->Locate(key).serving) ++nowhere;
      if (i % 50 == 0 && !cluster->Connect(key)) ++refused;
      ++lookups;
    }
  });
  const auto update = [&](const std::function<void(ClusterSpec&)>& change) {
    auto current = site.manager->Get("sessions");
    REQUIRE(current.has_value());
    change(*current);
    const auto version = site.manager->Update(*current);
    REQUIRE_MESSAGE(version.has_value(), version.error().message);
    return *version;
  };
  struct Row {
    const char* what;
    std::function<void(ClusterSpec&)> change;
    const char* statuses;
  };
  const Row rows[] = {
      {"added at the end",
       [&](auto& s) {
         s.shards.push_back({"s4", addresses[3]});
       },
       "AAAA"},
      {"removed from the front", [](auto& s) { s.shards.erase(s.shards.begin()); }, "AAA"},
      {"moved to another address", [&](auto& s) { s.shards[0].addr = addresses[4]; }, "AAA"},
      {"added at the front, at a dead address",
       [&](auto& s) {
         s.shards.insert(s.shards.begin(), {"s0", Dead()});
       },
       "DAAA"},
      {"order reversed", [](auto& s) { std::reverse(s.shards.begin(), s.shards.end()); }, "AAAD"},
      {"points, pace and electorate",
       [](auto& s) {
         s.ring = ConsistentRing{40};
         s.probe.interval = milliseconds(80);
         s.quorum = 3;
       },
       "AAAD"},
      {"the dead one is removed", [](auto& s) { s.shards.pop_back(); }, "AAA"},
  };
  for (const Row& row : rows) {
    const std::string what = row.what;
    CAPTURE(what);
    const auto version = update(row.change);
    CHECK(site.AwaitStatus("sessions", row.statuses) == row.statuses);
    CHECK(site.AwaitView(*cluster, row.statuses) == row.statuses);
    CHECK(cluster->view().spec_version == version);
    CHECK(site.direct.Await([&] { return site.Read("sessions").head->spec.version == version; }));
  }
  CHECK(site.Read("sessions").head->quorum == 3);
  // Failover off: a dead shard's keys are served by nobody, and that at once.
  const std::string key = KeyOwnedBy(*cluster, "s3");
  CHECK(nowhere == 0);
  update([](auto& s) { s.failover = false; });
  site.redis[2]->Kill();
  REQUIRE(site.direct.Await([&] { return !cluster->Locate(key).serving; }));
  update([](auto& s) { s.failover = true; });
  CHECK(site.direct.Await([&] { return cluster->Locate(key).stand_in; }));
  stop = true;
  load.join();
  CHECK(lookups > 1000);
}

TEST_CASE("spec: too large to be sent") {
  Site site;
  const auto spec_of_bytes = [&](std::size_t bytes) {
    ClusterSpec spec;
    spec.name = "huge";
    spec.ring = ConsistentRing{1};
    for (std::size_t i = 0; EncodeSpec(spec).shards.size() < bytes; i += 500) {
      for (std::size_t j = i; j < i + 500; ++j) {
        spec.shards.push_back({"shard-with-a-rather-long-name-" + std::to_string(j),
                               "127.0.0.1:" + std::to_string(j + 1)});
      }
    }
    return spec;
  };
  ClusterSpec spec = spec_of_bytes(kMaxShardsBytes);
  CHECK(CodeName(site.manager->Create(spec)) == "too_large");
  CHECK_FALSE(site.direct.Exists(site.Paths("huge").base()));
  // The largest that fits is created and read back; growing it is refused and changes nothing.
  spec.shards.resize(spec.shards.size() - 600);
  const auto created = site.manager->Create(spec);
  REQUIRE_MESSAGE(created.has_value(), created.error().message);
  auto read = site.manager->Get("huge");
  REQUIRE(read.has_value());
  CHECK(read->shards == spec.shards);
  ClusterSpec grown = spec_of_bytes(kMaxShardsBytes);
  grown.version = read->version;
  CHECK(CodeName(site.manager->Update(grown)) == "too_large");
  CHECK(site.manager->Get("huge") == read);
  REQUIRE(site.manager->Delete("huge").has_value());
  CHECK(site.direct.Children(site.root).empty());
}

TEST_CASE("bytes: undecodable ones in each znode of ours") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  const auto cluster = site.OpenClient("sessions");
  const ClusterPaths paths = site.Paths("sessions");
  const auto junk = std::string("\xff\x00{\"\x80[[[", 8);
  const auto corrupt_candidate = [&](std::size_t place) {
    const auto node = site.Read("sessions").candidates.at(place).node;
    REQUIRE(site.direct.Put(paths.candidate(node), junk).has_value());
  };
  const struct {
    const char* what;
    std::function<void()> corrupt;
  } rows[] = {
      {"mirror", [&] { REQUIRE(site.direct.Put(paths.mirror(), junk).has_value()); }},
      {"head", [&] { REQUIRE(site.direct.Put(paths.head(), junk).has_value()); }},
      {"chunk", [&] { REQUIRE(site.direct.Put(paths.chunk(0), junk).has_value()); }},
      {"ledger", [&] { REQUIRE(site.direct.Put(paths.ledger(), junk).has_value()); }},
      {"leader", [&] { REQUIRE(site.direct.Put(paths.leader(), junk).has_value()); }},
      {"vote", [&] { REQUIRE(site.direct.Put(paths.vote("c2"), junk).has_value()); }},
      {"candidate of a follower", [&] { corrupt_candidate(1); }},
      {"candidate of the leader", [&] { corrupt_candidate(0); }},
      {"candidate of the next leader", [&] { corrupt_candidate(0); }},
      {"strangers",
       [&] {
         for (const auto& parent : {paths.election(), paths.votes(), paths.events(), paths.chunks(),
                                    paths.quorum(), paths.go_voters(), paths.base(), site.root}) {
           REQUIRE(site.direct.Create(parent + "/stranger \xe2\x82\xac", junk).has_value());
         }
       }},
      {"journal",
       [&] { REQUIRE(site.direct.Create(paths.event_prefix() + "junk", junk).has_value()); }},
      {"parents",
       [&] {
         for (const auto& path : {paths.quorum(), paths.election(), paths.votes(), paths.chunks(),
                                  paths.events(), paths.go_voters()}) {
           REQUIRE(site.direct.Put(path, junk).has_value());
         }
       }},
  };
  for (const auto& row : rows) {
    const std::string what = row.what;
    CAPTURE(what);
    row.corrupt();
    // The checkers go on deciding and restore their own znodes; the program follows.
    site.redis[0]->Kill();
    REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");
    CHECK(site.AwaitView(*cluster, "DA") == "DA");
    site.redis[0]->Start();
    REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
    CHECK(site.AwaitView(*cluster, "AA") == "AA");
    for (auto& checker : site.checkers) CHECK(checker->running());
  }
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  // The outsiders' remaining bytes do not harm a program that starts now.
  for (auto& checker : site.checkers) CHECK(checker->Stop().code == 0);
  for (auto& checker : site.checkers) checker->Start();
  site.redis[1]->Kill();
  CHECK(site.AwaitStatus("sessions", "AD") == "AD");
}

TEST_CASE("bytes: undecodable ones in the spec") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  const auto cluster = site.OpenClient("sessions");
  const ClusterPaths paths = site.Paths("sessions");
  std::size_t bad_payloads = 0;
  for (const auto& path : {paths.base(), paths.shards(), paths.options()}) {
    CAPTURE(path);
    const std::string good = site.direct.Data(path);
    REQUIRE(site.direct.Put(path, "\xff{not json").has_value());
    ++bad_payloads;
    for (auto& checker : site.checkers) {
      // The last good one is kept, and the log says so.
      CHECK(
          site.direct.Await([&] { return checker->CountLog({"event=spec.bad"}) == bad_payloads; }));
      CHECK(checker->running());
    }
    CHECK(site.direct.Await([&] { return cluster->counters().bad_payloads >= bad_payloads; }));
    CHECK(Letters(cluster->view()) == "AA");
    CHECK(CodeName(site.manager->Get("sessions")) == "bad_data");
    CHECK(CodeName(Cluster::Open(site.ClientOptions("sessions"))) == "bad_data");
    REQUIRE(site.direct.Put(path, good).has_value());
    site.redis[1]->Kill();
    REQUIRE(site.AwaitStatus("sessions", "AD") == "AD");
    CHECK(site.AwaitView(*cluster, "AD") == "AD");
    site.redis[1]->Start();
    REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  }
}

}  // namespace
}  // namespace zkcluster::integration::ensemble_test
