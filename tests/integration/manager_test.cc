// The library's Manager on a real ZooKeeper: a cluster's life, two that race, ZooKeeper going away.
#include <atomic>
#include <thread>

#include "tests/support/site.h"

namespace zkcluster::integration {
namespace {

using std::chrono::milliseconds;

TEST_CASE("manager: one cluster's whole life") {
  Site site;
  Manager& manager = *site.manager;
  CHECK(manager.List().value().empty());  // there is not even a root
  ClusterSpec spec = site.SpecOf("sessions", {"10.0.0.1:6379", ":6380", "[::1]:6381"});
  spec.quorum = 2;
  spec.failover = false;
  const auto created = manager.Create(spec);
  REQUIRE_MESSAGE(created.has_value(), created.error().message);
  CHECK(CodeName(manager.Create(spec)) == "exists");
  auto read = manager.Get("sessions");
  REQUIRE(read.has_value());
  spec.version = *created;
  CHECK(*read == spec);
  spec.name = "another";
  REQUIRE(manager.Create(spec).has_value());
  CHECK(manager.List().value() == std::vector<std::string>{"another", "sessions"});

  ClusterSpec next = *read;
  next.ring = ConsistentRing{40};
  const auto updated = manager.Update(next);
  REQUIRE(updated.has_value());
  CHECK(*updated > *created);
  CHECK(CodeName(manager.Update(next)) == "conflict");  // of the version before
  CHECK(manager.Get("sessions").value().ring == RingSpec(ConsistentRing{40}));
  CHECK(CodeName(manager.Delete("sessions", *created)) == "conflict");
  CHECK(CodeName(manager.Delete("sessions", *updated)) == "success");
  CHECK(CodeName(manager.Get("sessions")) == "not_found");
  CHECK(CodeName(manager.Delete("sessions")) == "not_found");
  next.version = *updated;
  CHECK(CodeName(manager.Update(next)) == "not_found");
  next.shards.clear();
  CHECK(CodeName(manager.Create(next)) == "invalid");
  CHECK(manager.List().value() == std::vector<std::string>{"another"});
}

TEST_CASE("manager: two race for every change, and one of them gets an error") {
  Site site;
  auto other =
      Manager::Open({.zookeeper = site.zookeeper.address(), .root = site.root, .timeout = kLimit});
  REQUIRE(other.has_value());
  const auto race = [&](const std::function<std::string(Manager&, int)>& change) {
    std::string results[2];
    std::atomic<int> waiting = 2;
    const auto run = [&](Manager& manager, int who) {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      results[who] = change(manager, who);
    };
    std::thread rival([&] { run(**other, 1); });
    run(*site.manager, 0);
    rival.join();
    return results[0] < results[1] ? results[0] + "," + results[1] : results[1] + "," + results[0];
  };
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    CHECK(race([&](Manager& manager, int who) {
            auto spec = site.SpecOf("sessions", {"10.0.0.1:6379"});
            spec.ring = ConsistentRing{10 + who};
            return CodeName(manager.Create(spec));
          }) == "exists,success");
    const auto read = site.manager->Get("sessions");
    REQUIRE(read.has_value());
    CHECK(race([&](Manager& manager, int who) {
            auto spec = *read;
            spec.ring = ConsistentRing{20 + who};
            return CodeName(manager.Update(spec));
          }) == "conflict,success");
    const auto now = site.manager->Get("sessions");
    REQUIRE(now.has_value());
    CHECK(std::get<ConsistentRing>(now->ring).points >= 20);
    CHECK(race([&](Manager& manager, int) { return CodeName(manager.Delete("sessions")); }) ==
          "not_found,success");
    CHECK(site.direct.Children(site.root).empty());
  }
}

TEST_CASE("manager: ZooKeeper is away") {
  Site site;
  auto manager = Manager::Open(
      {.zookeeper = site.zookeeper.address(), .root = site.root, .timeout = milliseconds(500)});
  REQUIRE(manager.has_value());
  site.zookeeper.Stop();
  CHECK(CodeName((*manager)->Get("sessions")) == "unavailable");
  CHECK(CodeName((*manager)->Create(site.SpecOf("sessions", {"10.0.0.1:6379"}))) == "unavailable");
  site.zookeeper.Start();
  CHECK(site.direct.Await([&] { return (*manager)->List().has_value(); }));
  CHECK((*manager)->List().value().empty());
  CHECK(CodeName(Manager::Open({.zookeeper = "", .root = "/x"})) == "invalid");
  CHECK(CodeName(Manager::Open({.zookeeper = "127.0.0.1:1", .root = "no-slash"})) == "invalid");
}

}  // namespace
}  // namespace zkcluster::integration
