// Whole checkers in a simulated world where outsiders write: bad bytes, lost znodes, Go checkers.
#include <doctest/doctest.h>

#include "tests/support/settled_site.h"

namespace participant_damage_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

}  // namespace

TEST_CASE(
    "Go: while a live Go checker is registered nothing is decided; when it goes we take over") {
  Settled site;
  const std::string go = ClusterPaths(SimSite::kRoot, kName).go_voters();
  site.ensemble.PutEphemeral(go + "/n_0000000000", "{}");
  site.world.RunFor(1s);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  const auto zxid = site.ensemble.zxid();
  site.world.RunFor(20s);
  CHECK(site.WritesSince(zxid, "/status") == 0);
  CHECK(site.WritesSince(zxid, "/quorum/head") == 0);
  CHECK(site.Leader().Logged("leader.hold") == 1);
  site.ensemble.Remove(go + "/n_0000000000");
  CHECK(site.Reaches(kName, "DAAA", 2s));
}

TEST_CASE("Go: the mirror holds what the board holds, and is taken over from Go checkers") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 2);
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  spec.version = 5;
  const auto payloads = EncodeSpec(spec);
  const ClusterPaths paths(SimSite::kRoot, kName);
  // As the Go manager and its checkers left it.
  site.ensemble.Put(SimSite::kRoot, "goreclusters");
  site.ensemble.Put(paths.base(), payloads.version);
  site.ensemble.Put(paths.shards(), payloads.shards);
  site.ensemble.Put(paths.options(), payloads.options);
  site.ensemble.Put(paths.go_voters(), kName);
  site.ensemble.Put(paths.mirror(),
                    R"({"10.0.0.1:1":{"Addr":"10.0.0.1:1","Alive":true,"Since":111},)"
                    R"("10.0.0.1:2":{"Addr":"10.0.0.1:2","Alive":true,"Since":222}})");
  site.Start("c1");
  REQUIRE(site.Reaches(kName, "AD", 10s));
  CHECK(site.StateOf(kName, 0).since == Micros(111));  // alive all the time: no flip
  CHECK(site.StateOf(kName, 1).since > Micros(222));
  const auto mirror = DecodeMirror(site.ensemble.Get(paths.mirror())->data);
  REQUIRE(mirror);
  CHECK(mirror->at("10.0.0.1:1") == MirrorEntry{true, Micros(111)});
  CHECK(mirror->at("10.0.0.1:2") == MirrorEntry{false, site.StateOf(kName, 1).since});
}

TEST_CASE("bad bytes: in every znode, one after the other, and the main job still works") {
  Settled site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  const std::vector<std::string> nodes = {
      paths.head(),     paths.chunk(0),   paths.ledger(),   paths.mirror(),    paths.leader(),
      paths.vote("c1"), paths.vote("c2"), paths.vote("c3"), paths.go_voters(), paths.quorum(),
      paths.election(), paths.votes(),    paths.events()};
  bool dead = false;
  for (const auto& path : nodes) {
    CAPTURE(path);
    site.ensemble.Put(path, "\xff\x00{[garbage");
    site.world.RunFor(2s);
    dead = !dead;
    site.fleet.Set("10.0.0.1:1", dead ? Server::kRefused : Server::kUp);
    REQUIRE(site.Reaches(kName, dead ? "DAAA" : "AAAA", 40s));
  }
  for (const auto& path : {paths.shards(), paths.options(), paths.base()}) {
    CAPTURE(path);
    const auto good = site.ensemble.Get(path)->data;
    site.ensemble.Put(path, "garbage");
    site.world.RunFor(2s);
    CHECK(site.Statuses(kName).size() == 4);
    CHECK(site.At("c1").facts().Shards() == 4);  // the last good spec is kept
    site.ensemble.Put(path, good);
    site.world.RunFor(2s);
    dead = !dead;
    site.fleet.Set("10.0.0.1:1", dead ? Server::kRefused : Server::kUp);
    REQUIRE(site.Reaches(kName, dead ? "DAAA" : "AAAA", 40s));
  }
}

TEST_CASE("bad bytes: in the leader's candidate, and in a follower's that leads next") {
  for (const bool of_leader : {true, false}) {
    CAPTURE(of_leader);
    Settled site;
    const ClusterPaths paths(SimSite::kRoot, kName);
    const auto leader = site.LeaderOf(kName)->id;
    for (const auto& node : site.ensemble.Children(paths.election())) {
      if (node.starts_with(leader + "-") == of_leader) {
        site.ensemble.Put(paths.candidate(node), "junk");
      }
    }
    if (!of_leader) site.Kill(leader);
    site.world.RunFor(8s);
    site.fleet.Set("10.0.0.1:1", Server::kRefused);
    CHECK(site.Reaches(kName, "DAAA", 30s));
  }
}

TEST_CASE("quorum: a ledger lost while two of three are gone makes nobody its own majority") {
  for (const bool removed : {true, false}) {
    CAPTURE(removed);
    Settled site({.change = EveryoneCounts});
    const ClusterPaths paths(SimSite::kRoot, kName);
    const auto last = site.Follower().id();
    for (const char* id : {"c1", "c2", "c3"}) {
      if (id != last) site.Kill(id);
    }
    site.world.RunFor(15s);
    if (removed) {
      site.ensemble.Remove(paths.ledger());
    } else {
      site.ensemble.Put(paths.ledger(), "junk");
    }
    for (int leadership = 0; leadership < 3; ++leadership) {
      site.ensemble.Reset(site.At(last).client());  // a new leadership reads it
      site.world.RunFor(5s);
      site.fleet.Set("10.0.0.1:1", leadership % 2 == 0 ? Server::kRefused : Server::kUp);
      site.world.RunFor(10s);
      CHECK(site.Statuses(kName) == "AAAA");
    }
  }
}

TEST_CASE("bad bytes: a bad or missing spec keeps the last good one, and shards still flip by it") {
  bool dead = false;
  Settled site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  for (const auto& path : {paths.options(), paths.shards(), paths.base()}) {
    CAPTURE(path);
    site.ensemble.Put(path, "junk");
    site.world.RunFor(2s);
    dead = !dead;
    site.fleet.Set("10.0.0.1:1", dead ? Server::kRefused : Server::kUp);
    CHECK(site.Reaches(kName, dead ? "DAAA" : "AAAA", 60s));
  }
  // As a Go DeleteCluster leaves it.
  site.ensemble.Remove(paths.shards());
  site.ensemble.Remove(paths.options());
  site.world.RunFor(2s);
  dead = !dead;
  site.fleet.Set("10.0.0.1:1", dead ? Server::kRefused : Server::kUp);
  CHECK(site.Reaches(kName, dead ? "DAAA" : "AAAA", 60s));
}

TEST_CASE("Go: what Go checkers wrote into the mirror is corrected, by votes, when they are gone") {
  Settled site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  const auto good = site.ensemble.Get(paths.mirror())->data;
  site.ensemble.PutEphemeral(paths.go_voters() + "/n_0000000001", "{}");
  site.world.RunFor(1s);
  site.ensemble.Put(paths.mirror(),
                    R"({"10.0.0.1:1":{"Addr":"10.0.0.1:1","Alive":false,"Since":999}})");
  site.world.RunFor(1s);
  CHECK(site.ensemble.Get(paths.mirror())->data != good);
  site.ensemble.Remove(paths.go_voters() + "/n_0000000001");
  site.world.RunFor(10s);
  REQUIRE(site.Statuses(kName) == "AAAA");
  CHECK(site.StateOf(kName, 0).counts.alive == 3);  // a flip
  const auto mirror = DecodeMirror(site.ensemble.Get(paths.mirror())->data);
  REQUIRE(mirror);
  CHECK(mirror->at("10.0.0.1:1").alive);
}

TEST_CASE("bad bytes: in head, mirror or a chunk are repaired without waiting for the next flip") {
  Settled site({.shards = 600});
  const ClusterPaths& paths = site.paths;
  site.world.RunFor(2s);
  for (const auto& path : {paths.head(), paths.mirror(), paths.chunk(0), paths.chunk(1)}) {
    site.ensemble.Put(path, "junk");
    site.world.RunFor(5s);
    CHECK(site.ensemble.Get(path)->data != "junk");
  }
  site.ensemble.Put(paths.chunk(0), "junk");
  site.fleet.Set("10.0.0.1:600", Server::kRefused);  // a shard of the other chunk
  REQUIRE(site.Reaches(kName, std::string(599, 'A') + "D", 10s));
  CHECK(site.HeadOf(kName)->chunks[0] == site.ensemble.Get(paths.chunk(0))->stat.version);
}

TEST_CASE("outsider: a missing parent is made again") {
  for (const bool votes : {true, false}) {
    CAPTURE(votes);
    Settled site;
    const ClusterPaths paths(SimSite::kRoot, kName);
    site.ensemble.Remove(votes ? paths.votes() : paths.chunks());
    site.fleet.Set("10.0.0.1:1", Server::kRefused);
    CHECK(site.Reaches(kName, "DAAA", 60s));
  }
}

}  // namespace participant_damage_test
