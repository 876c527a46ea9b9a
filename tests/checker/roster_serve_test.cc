// A changed file for a running checker: clusters are joined and left, defaults and credentials
// change, and the other clusters are not disturbed.
#include <doctest/doctest.h>

#include "model/paths.h"
#include "tests/support/settled_site.h"

namespace roster_serve_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

// "sessions" (four shards) and "carts" (two), both served by c1, c2 and c3.
struct TwoClusters : SimSite {
  explicit TwoClusters(std::vector<std::string> served = {"sessions", "carts"},
                       std::uint64_t seed = 1)
      : SimSite(seed) {
    for (const auto& [name, shards] : {std::pair("sessions", 4), std::pair("carts", 2)}) {
      auto spec = MakeSpec(name, shards);
      spec.checkers = 3;
      Create(spec);
    }
    for (const char* id : {"c1", "c2", "c3"}) {
      SimChecker::Options options;
      options.id = id;
      options.clusters = served;
      Start(std::move(options));
    }
    REQUIRE(Reaches("sessions", "AAAA", 10s));
    world.RunFor(2s);
  }
  ClusterPaths Paths(const std::string& name) const { return {kRoot, name}; }
  // The number of this checker's znodes in the cluster: candidate and ballot.
  std::size_t Traces(const std::string& name, SimChecker& checker) {
    std::size_t count = ensemble.Exists(Paths(name).vote(checker.id())) ? 1 : 0;
    for (const auto& node : ensemble.Children(Paths(name).election())) {
      count += node.find(checker.guid()) != std::string::npos ? 1 : 0;
    }
    return count;
  }
  bool Leaves(const std::string& name, SimChecker& checker, Duration limit = 5s) {
    return world.RunUntil([&] { return Traces(name, checker) == 0; }, limit);
  }
};

}  // namespace

TEST_CASE("serve: the same file again changes nothing") {
  TwoClusters site;
  const auto zxid = site.ensemble.zxid();
  const auto log = site.At("c1").log().size();
  site.At("c1").Reload({"carts", "sessions"}, {});
  site.world.RunFor(30s);
  CHECK(site.ensemble.zxid() == zxid);
  CHECK(site.At("c1").log().size() == log);
}

TEST_CASE("serve: a cluster that is added is joined, and the other is not disturbed") {
  TwoClusters site({"sessions"});
  const auto zxid = site.ensemble.zxid();
  for (const char* id : {"c1", "c2", "c3"}) {
    CHECK(site.Traces("carts", site.At(id)) == 0);
    site.At(id).Reload({"sessions", "carts"}, {});
  }
  CHECK(site.Reaches("carts", "AA", 10s));
  CHECK(site.WritesSince(zxid, "/sessions/") == 0);
  CHECK(site.At("c1").facts().clusters.size() == 2);
}

TEST_CASE("serve: a cluster that is removed is left with nothing of ours, by leader and follower") {
  TwoClusters site;
  const std::string leader = site.LeaderOf("carts")->id;
  const std::string follower = leader == "c1" ? "c2" : "c1";
  for (const std::string& id : {follower, leader}) {
    CAPTURE(id);
    const auto zxid = site.ensemble.zxid();
    CHECK(site.Traces("carts", site.At(id)) == 2);
    site.At(id).Reload({"sessions"}, {});
    CHECK(site.Leaves("carts", site.At(id), 1s));
    CHECK(site.At(id).Logged("cluster.left") == 1);
    CHECK(site.At(id).facts().clusters.size() == 1);
    const auto probes = site.fleet.probes("10.0.0.1:1");
    site.world.RunFor(30s);
    CHECK(site.Traces("carts", site.At(id)) == 0);
    CHECK(site.fleet.probes("10.0.0.1:1") > probes);  // of the cluster that stays
    CHECK(site.WritesSince(zxid, "/sessions/") == 0);
    CHECK(site.Traces("sessions", site.At(id)) == 2);
  }
  CHECK(site.LeaderOf("carts")->id != leader);
}

TEST_CASE("serve: from all to some and back") {
  TwoClusters site(std::vector<std::string>{});
  site.At("c1").Reload({"carts"}, {});
  CHECK(site.Leaves("sessions", site.At("c1")));
  CHECK(site.Traces("carts", site.At("c1")) == 2);
  site.At("c1").Reload({}, {});
  CHECK(site.world.RunUntil([&] { return site.Traces("sessions", site.At("c1")) == 2; }, 10s));
  site.Delete("carts");
  CHECK(site.world.RunUntil([&] { return site.At("c1").facts().clusters.size() == 1; }, 10s));
}

TEST_CASE("serve: removed and added again at once") {
  TwoClusters site;
  site.At("c1").Reload({"sessions"}, {});
  site.At("c1").Reload({"sessions", "carts"}, {});
  site.world.RunFor(1ms);
  CHECK(site.world.RunUntil([&] { return site.Traces("carts", site.At("c1")) == 2; }, 10s));
  site.world.RunFor(30s);
  CHECK(site.Traces("carts", site.At("c1")) == 2);
  CHECK(site.At("c1").facts().clusters.size() == 2);
  CHECK(site.At("c1").facts().Ready());
  CHECK(site.At("c1").Logged("election.registered") == 3);
  CHECK(site.At("c1").Logged("election.candidate_gone") == 0);
}

TEST_CASE("serve: removed before its spec was read, and added again at once") {
  TwoClusters site({"sessions"});
  SimChecker& checker = site.At("c1");
  checker.Reload({"sessions", "carts"}, {});
  REQUIRE(site.world.RunUntil([&] { return checker.facts().clusters.size() == 2; }, 5s));
  CHECK(site.Traces("carts", checker) == 0);
  checker.Reload({"sessions"}, {});
  checker.Reload({"sessions", "carts"}, {});
  site.world.RunFor(30s);
  CHECK(site.Traces("carts", checker) == 2);
  CHECK(checker.Logged("election.registered") == 2);
  CHECK(checker.Logged("election.candidate_gone") == 0);
}

TEST_CASE("serve: a cluster is left while the session is suspended, and the session comes back") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    TwoClusters site({"sessions", "carts"}, seed);
    SimChecker& checker = site.At("c1");
    const auto session = checker.client().session_id();
    // The connection breaks before the file is read, or while the last requests are on their way.
    if (seed % 2 == 0) site.ensemble.Disconnect(checker.client());
    site.world.RunFor(seed % 4 == 0 ? 10ms : 0ms);
    checker.Reload({"sessions"}, {});
    site.world.RunFor(std::chrono::microseconds(200 * seed));
    if (seed % 2 == 1) site.ensemble.Disconnect(checker.client());
    site.world.RunFor(500ms);
    site.ensemble.Reconnect(checker.client());
    CHECK(site.Leaves("carts", checker));
    CHECK(checker.client().session_id() == session);
    site.world.RunFor(30s);
    CHECK(site.Traces("carts", checker) == 0);
    CHECK(site.Traces("sessions", checker) == 2);
  }
}

TEST_CASE("serve: the answer to the last request is lost") {
  TwoClusters site;
  SimChecker& checker = site.At("c1");
  site.ensemble.DropRequest(checker.client(), [](const Request& request) {
    return request.verb == Verb::kMulti || request.verb == Verb::kDelete;
  });
  checker.Reload({"sessions"}, {});
  CHECK(site.Leaves("carts", checker));
  site.world.RunFor(30s);
  CHECK(site.Traces("sessions", checker) == 2);
}

TEST_CASE("serve: a candidate that was on its way when the cluster was left is found") {
  TwoClusters site({"sessions"});
  SimChecker& checker = site.At("c1");
  bool sent = false;
  site.ensemble.SetFate(checker.client(), [&](const Request& request) {
    sent = sent || (request.verb == Verb::kCreate &&
                    request.path.find("/carts/quorum/election/") != std::string::npos);
    return Fate::kServe;
  });
  checker.Reload({"sessions", "carts"}, {});
  // At its arrival, so that the checker cannot have its answer.
  REQUIRE(site.world.RunUntil([&] { return sent; }, 10s));
  checker.Reload({"sessions"}, {});
  site.world.RunFor(5s);
  CHECK(site.Traces("carts", checker) == 0);
}

TEST_CASE("serve: a candidate that comes into being after the farewell does not stay") {
  TwoClusters site;
  SimChecker& checker = site.At("c1");
  checker.Reload({"sessions"}, {});
  REQUIRE(site.Leaves("carts", checker));
  site.world.RunFor(1s);
  // A create whose answer was lost, and which a server had kept to itself until now.
  site.ensemble.Put(site.Paths("carts").candidate("c1-" + checker.guid() + "-0000000099"), "{}");
  CHECK(site.Leaves("carts", checker, checker.client().session_timeout()));
}

TEST_CASE("serve: new defaults take effect, and opinions stay") {
  TwoClusters site;
  const auto zxid = site.ensemble.zxid();
  HealthSettings slow;
  slow.interval = 20s;
  slow.threshold = 60s;
  slow.timeout = 500ms;
  slow.refused_threshold = 60s;
  for (const char* id : {"c1", "c2", "c3"}) site.At(id).Reload({"sessions", "carts"}, slow);
  site.world.RunFor(60s);
  const auto before = site.fleet.probes("10.0.0.1:4");
  site.world.RunFor(60s);
  CHECK(site.fleet.probes("10.0.0.1:4") - before <= 3 * 5);
  CHECK(site.ensemble.zxid() == zxid);
  CHECK(site.At("c1").facts().Dead() == 0);
  for (const char* id : {"c1", "c2", "c3"}) site.At(id).Reload({"sessions", "carts"}, {});
  site.world.RunFor(2s);
  site.fleet.Set("10.0.0.1:4", Server::kHung);
  CHECK(site.Reaches("sessions", "AAAD", 6s));
}

TEST_CASE("serve: new credentials cause reconnects, and later shards get them, too") {
  TwoClusters site;
  SimChecker& checker = site.At("c1");
  for (int i = 1; i <= 4; ++i) {
    const std::string addr = "10.0.0.1:" + std::to_string(i);
    site.fleet.SetPassword(addr, "secret");
    site.fleet.Restart(addr);
  }
  REQUIRE(site.world.RunUntil([&] { return checker.Logged("probe.alarm") == 6; }, 10s));
  checker.Reload({"sessions", "carts"}, {}, {"", "secret"});
  CHECK(site.world.RunUntil([&] { return checker.Logged("probe.alarm_over") == 6; }, 10s));
  CHECK(site.Statuses("sessions") == "AAAA");
}

}  // namespace roster_serve_test
