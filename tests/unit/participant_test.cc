// Whole checkers, of production conductors, in a simulated world: the main job and what disturbs
// it.
#include "checker/quorum/participant.h"

#include <doctest/doctest.h>

#include "tests/fakes/sim_checker.h"

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = "sessions";

// Three checkers, four living shards, everything decided.
struct Settled : SimSite {
  explicit Settled(std::uint64_t seed = 1, std::optional<int> checkers_in_spec = 3)
      : SimSite(seed) {
    spec = MakeSpec(kName, 4);
    spec.checkers = checkers_in_spec;
    Create(spec);
    for (const char* id : {"c1", "c2", "c3"}) Start(id);
    REQUIRE(Reaches(kName, "AAAA", 10s));
    REQUIRE(world.RunUntil([&] { return LedgerOf(kName).electorate.size() == 3; }, 10s));
  }
  SimChecker& Leader() { return At(LeaderOf(kName)->id); }
  SimChecker& Follower() {
    for (auto& checker : checkers) {
      if (checker->id() != LeaderOf(kName)->id) return *checker;
    }
    return *checkers[0];
  }
  ClusterSpec spec;
};

}  // namespace

TEST_CASE(
    "main job: a killed shard is dead after refused_threshold, and alive again when it is back") {
  Settled site;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 1500ms));
  const auto dead = site.StateOf(kName, 1);
  CHECK(dead.reason == Reason::kRefused);
  CHECK(dead.counts.dead >= 2);
  CHECK(dead.since > Micros(0));
  site.fleet.Set("10.0.0.1:2", Server::kUp);
  REQUIRE(site.Reaches(kName, "AAAA", 2s));
  CHECK(site.StateOf(kName, 1).since > dead.since);
}

TEST_CASE("main job: a hung shard is dead after threshold") {
  Settled site;
  site.fleet.Set("10.0.0.1:3", Server::kHung);
  site.world.RunFor(1500ms);
  CHECK(site.Statuses(kName) == "AAAA");
  REQUIRE(site.Reaches(kName, "AADA", 2200ms));
  CHECK(site.StateOf(kName, 2).reason == Reason::kTimeout);
}

TEST_CASE("main job: nothing is written while nothing changes") {
  Settled site;
  site.world.RunFor(5s);
  const auto zxid = site.ensemble.zxid();
  site.world.RunFor(10min);
  CHECK(site.ensemble.zxid() == zxid);
}

TEST_CASE("main job: many deaths of one moment are few ballots and few commits") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 1000);
  spec.checkers = 3;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  REQUIRE(site.Reaches(kName, std::string(1000, 'A'), 10s));
  site.world.RunFor(3s);
  const auto zxid = site.ensemble.zxid();
  for (int i = 0; i < 200; ++i)
    site.fleet.Set(spec.shards[static_cast<std::size_t>(i)].addr, Server::kRefused);
  REQUIRE(site.Reaches(kName, std::string(200, 'D') + std::string(800, 'A'), 4s));
  MESSAGE("ballots written: " << site.WritesSince(zxid, "/votes/")
                              << ", heads: " << site.WritesSince(zxid, "/head"));
  CHECK(site.WritesSince(zxid, "/head") < 400);
}

TEST_CASE("quorum: a checker alone of three flips nothing") {
  Settled site;
  const std::string last = site.Follower().id();
  for (const char* id : {"c1", "c2", "c3"}) {
    if (id != last) site.Kill(id);
  }
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.world.RunFor(60s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.LeaderOf(kName)->id == last);
  REQUIRE(site.BallotOf(kName, last));
  CHECK(site.BallotOf(kName, last)->votes[0].opinion == Opinion::kDead);
  CHECK(site.At(last).Logged("quorum.missing") >= 1);
  site.Start("c9");  // with `checkers: 3` a fresh one may take the place of another
  CHECK(site.Reaches(kName, "DAAA", 10s));
}

TEST_CASE("quorum: without a number in the spec every checker ever seen counts") {
  Settled site(1, std::nullopt);
  const std::string last = site.Follower().id();
  for (const char* id : {"c1", "c2", "c3"}) {
    if (id != last) site.Kill(id);
  }
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.world.RunFor(30s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.LedgerOf(kName).electorate == std::set<std::string>{"c1", "c2", "c3"});
}

TEST_CASE(
    "quorum: votes that differ stay undecided, and one checker cut from a shard flips nothing") {
  Settled site;
  site.fleet.SetReach("c1", "10.0.0.1:1", FakeFleet::Reach::kDropped);
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.BallotOf(kName, "c1")->votes[0].opinion == Opinion::kDead);
  site.fleet.SetReach("c2", "10.0.0.1:1", FakeFleet::Reach::kDropped);
  CHECK(site.Reaches(kName, "DAAA", 10s));
}

TEST_CASE("quorum: a checker without a route cannot tell and never says dead") {
  Settled site;
  for (const char* id : {"c1", "c2", "c3"})
    site.fleet.SetReach(id, "10.0.0.1:1", FakeFleet::Reach::kNoRoute);
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.BallotOf(kName, "c1")->votes[0].opinion == Opinion::kUnknown);
}

TEST_CASE(
    "re-tally: a dead vote that was waiting wins when the alive voter leaves, if the quorum "
    "allows") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 1);
  spec.checkers = 4;
  spec.quorum = 2;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3", "c4"}) site.Start(id);
  REQUIRE(site.Reaches(kName, "A", 10s));
  for (const char* id : {"c1", "c2"})
    site.fleet.SetReach(id, "10.0.0.1:1", FakeFleet::Reach::kDropped);
  site.world.RunFor(10s);
  CHECK(site.Statuses(kName) == "A");  // two against two with a quorum of two: a tie
  site.Kill("c4");
  CHECK(site.Reaches(kName, "D", 10s));
}

TEST_CASE("leader: leaves in good order and the next acts within round trips") {
  Settled site;
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.world.RunFor(700ms);
  SimChecker& leader = site.Leader();
  const auto epoch = site.LeaderOf(kName)->epoch;
  const auto id = leader.id();
  leader.Leave();
  REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch == epoch + 1; }, 100ms));
  CHECK(site.LeaderOf(kName)->id != id);
  CHECK(!site.ensemble.Exists(ClusterPaths(SimSite::kRoot, kName).vote(id)));
  REQUIRE(site.world.RunUntil([&] { return leader.left(); }, 100ms));
  CHECK(site.Reaches(kName, "DAAA", 2s));
}

TEST_CASE("leader: killed, and another takes over after its session") {
  Settled site;
  const auto id = site.Leader().id();
  site.Kill(id);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  CHECK(site.Reaches(kName, "DAAA", 4s + 3s));
  CHECK(site.LeaderOf(kName)->id != id);
}

TEST_CASE(
    "leader: frozen past its session, wakes, writes nothing as the old leader and votes again") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Settled site(seed);
    SimChecker& old = site.Leader();
    const auto epoch = site.LeaderOf(kName)->epoch;
    const auto old_session = old.client().session_id();
    site.fleet.Set("10.0.0.1:2", Server::kHung);
    site.world.RunFor(Duration(2900ms) +
                      Duration(seed * 10'000'000));  // frozen as it is about to decide
    old.loop().Pause(15s);
    site.world.RunFor(14s);
    CHECK(site.Statuses(kName) == "ADAA");
    CHECK(site.LeaderOf(kName)->epoch > epoch);
    site.fleet.Set("10.0.0.1:2", Server::kUp);
    const auto zxid = site.ensemble.zxid();
    site.world.RunFor(1s + 5s);
    for (const auto& transaction : site.ensemble.history()) {
      if (transaction.zxid > zxid && !transaction.ends_session)
        CHECK(transaction.session_id != old_session);
    }
    REQUIRE(site.BallotOf(kName, old.id()));
    CHECK(site.Statuses(kName) == "AAAA");
  }
}

TEST_CASE("session: expired under a follower, which registers and votes anew") {
  Settled site;
  SimChecker& follower = site.Follower();
  const auto path = ClusterPaths(SimSite::kRoot, kName).vote(follower.id());
  site.ensemble.Expire(follower.client());
  CHECK(!site.ensemble.Exists(path));
  REQUIRE(site.world.RunUntil([&] { return site.BallotOf(kName, follower.id()).has_value(); }, 5s));
  CHECK(site.ensemble.Get(path)->stat.ephemeral_owner == follower.client().session_id());
  CHECK(!follower.refused());
}

TEST_CASE("session: expired under the leader, which steps down") {
  Settled site;
  SimChecker& leader = site.Leader();
  const auto epoch = site.LeaderOf(kName)->epoch;
  site.ensemble.Expire(leader.client());
  REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch > epoch; }, 5s));
  CHECK(site.LeaderOf(kName)->id != leader.id());
  CHECK(leader.Logged("election.deposed") == 1);
}

TEST_CASE("session: a broken connection ends leadership at once and resumes it in a new epoch") {
  Settled site;
  SimChecker& leader = site.Leader();
  const auto before = *site.LeaderOf(kName);
  site.ensemble.Reset(leader.client());
  REQUIRE(site.world.RunUntil([&] { return site.LeaderOf(kName)->epoch > before.epoch; }, 3s));
  CHECK(site.LeaderOf(kName)->id == before.id);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  CHECK(site.Reaches(kName, "DAAA", 3s));
}

TEST_CASE("ensemble: down for minutes while one shard dies and another returns") {
  Settled site;
  site.fleet.Set("10.0.0.1:4", Server::kRefused);
  REQUIRE(site.Reaches(kName, "AAAD", 3s));
  site.ensemble.Down();
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.fleet.Set("10.0.0.1:4", Server::kUp);
  site.world.RunFor(180s);
  CHECK(site.Statuses(kName) == "AAAD");
  site.ensemble.Up();
  CHECK(site.Reaches(kName, "DAAA", 20s));
}

TEST_CASE("identity: a second daemon with the same id is refused, the first is not disturbed") {
  Settled site;
  SimChecker& first = site.Follower();
  SimChecker::Options options;
  options.id = first.id();
  SimChecker& twin = site.Start(options);
  REQUIRE(site.world.RunUntil([&] { return twin.refused().has_value(); }, 20s));
  CHECK(twin.refused()->host == "host-" + first.id());
  CHECK(!first.refused());
  CHECK(site.BallotOf(kName, first.id()));
  CHECK(first.Logged("election.registered") == 1);
}

TEST_CASE("identity: restarted after a crash it waits for its own ghost and goes on") {
  Settled site;
  const auto id = site.Follower().id();
  site.Kill(id);
  SimChecker& again = site.Start(id);
  REQUIRE(site.world.RunUntil([&] { return again.Logged("election.registered") == 1; }, 10s));
  CHECK(!again.refused());
  REQUIRE(site.world.RunUntil([&] { return site.BallotOf(kName, id).has_value(); }, 5s));
}

TEST_CASE("spec: shards are added, removed and moved under running checkers") {
  Settled site;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 3s));
  const auto died = site.StateOf(kName, 1).since;
  auto spec = site.spec;
  spec.shards.erase(spec.shards.begin());       // s1 goes
  spec.shards.push_back({"s5", "10.0.0.9:5"});  // s5 comes, and refuses
  spec.shards[2].addr = "10.0.0.9:4";           // s4 moves
  site.fleet.Set("10.0.0.9:4", Server::kUp);
  site.Update(spec);
  REQUIRE(site.Reaches(kName, "DAAD", 5s));
  CHECK(site.StateOf(kName, 0).since == died);  // s2 kept its history
  CHECK(site.HeadOf(kName)->shards == 4);
  for (const char* id : {"c1", "c2", "c3"})
    CHECK(site.BallotOf(kName, id)->spec == site.HeadOf(kName)->spec);
}

TEST_CASE("spec: a change of thresholds reaches running checkers") {
  Settled site;
  auto spec = site.spec;
  spec.probe.refused_threshold = 20s;
  spec.probe.threshold = 20s;
  site.Update(spec);
  site.world.RunFor(1s);
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  site.world.RunFor(15s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.Reaches(kName, "ADAA", 7s));
}

TEST_CASE("delete: with live checkers, then created again at once, ten times") {
  Settled site;
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    site.Delete(kName);
    CHECK(!site.ensemble.Exists(ClusterPaths(SimSite::kRoot, kName).base()));
    if (round % 2 == 0) {
      REQUIRE(site.world.RunUntil([&] { return site.checkers[0]->summary().clusters == 0; }, 1s));
      CHECK(!site.ensemble.Exists(
          ClusterPaths(SimSite::kRoot, kName).base()));  // nobody made it again
    }
    site.Create(site.spec);
    REQUIRE(site.Reaches(kName, "AAAA", 10s));
    REQUIRE(site.world.RunUntil(
        [&] {
          return site.ensemble.Children(ClusterPaths(SimSite::kRoot, kName).votes()).size() == 3;
        },
        5s));
  }
}

TEST_CASE("clusters: those created later are joined, a named one only when it is named") {
  SimSite site;
  SimChecker& all = site.Start("all");
  SimChecker::Options options;
  options.id = "one";
  options.clusters = {"b"};
  SimChecker& one = site.Start(options);
  site.world.RunFor(2s);
  site.Create(site.MakeSpec("a", 1));
  site.Create(site.MakeSpec("b", 2));
  site.world.RunFor(5s);
  CHECK(all.summary().clusters == 2);
  CHECK(one.summary().clusters == 1);
  CHECK(one.summary().shards == 2);
}

TEST_CASE(
    "Go: while a live Go checker is registered nothing is decided; when it goes we take over") {
  Settled site;
  const std::string go = ClusterPaths(SimSite::kRoot, kName).go_voters();
  site.ensemble.Put(go + "/n_0000000000", "{}");
  site.world.RunFor(1s);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  const auto head = site.ensemble.Get(ClusterPaths(SimSite::kRoot, kName).head());
  site.world.RunFor(20s);
  CHECK(site.ensemble.Get(ClusterPaths(SimSite::kRoot, kName).head())->stat.version ==
        head->stat.version);
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
    CHECK(site.At("c1").summary().shards == 4);  // the last good spec is kept
    site.ensemble.Put(path, good);
    site.world.RunFor(2s);
    dead = !dead;
    site.fleet.Set("10.0.0.1:1", dead ? Server::kRefused : Server::kUp);
    REQUIRE(site.Reaches(kName, dead ? "DAAA" : "AAAA", 40s));
  }
}

TEST_CASE("epochs never fall, whatever becomes of the leader's record") {
  Settled site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  std::int64_t epoch = site.LeaderOf(kName)->epoch;
  for (int round = 0; round < 5; ++round) {
    site.ensemble.Put(paths.leader(), "garbage");
    site.fleet.Set("10.0.0.1:1", round % 2 == 0 ? Server::kRefused : Server::kUp);
    REQUIRE(site.Reaches(kName, round % 2 == 0 ? "DAAA" : "AAAA", 40s));
    REQUIRE(site.LeaderOf(kName));
    CHECK(site.LeaderOf(kName)->epoch > epoch);
    epoch = site.LeaderOf(kName)->epoch;
  }
}

TEST_CASE("flapping: a shard that dies again and again is asked for more good probes each time") {
  Settled site;
  std::vector<Duration> waits;
  for (int death = 0; death < 4; ++death) {
    site.fleet.Set("10.0.0.1:1", Server::kRefused);
    REQUIRE(site.Reaches(kName, "DAAA", 5s));
    site.fleet.Set("10.0.0.1:1", Server::kUp);
    const auto up = site.world.now();
    REQUIRE(site.Reaches(kName, "AAAA", 60s));
    waits.push_back(site.world.now() - up);
  }
  CHECK(waits[3] > waits[0]);
  CHECK(site.LedgerOf(kName).penalties.at("s1").required > 1);
}

TEST_CASE("sequence numbers near the wrap keep one leader and a working order") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 1);
  spec.checkers = 3;
  site.Create(spec);
  const ClusterPaths paths(SimSite::kRoot, kName);
  site.ensemble.SetSequence(paths.election(), 2147483646);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  REQUIRE(site.Reaches(kName, "A", 10s));
  const auto first = site.LeaderOf(kName)->id;
  site.Kill(first);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "D", 10s));
  CHECK(site.LeaderOf(kName)->id != first);
}

// --- found by review; each failed before ---

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

TEST_CASE("identity: the twin's connection breaks while it waits, and it is refused all the same") {
  Settled site;
  SimChecker::Options options;
  options.id = site.Follower().id();
  SimChecker& twin = site.Start(options);
  site.world.RunFor(2s);
  REQUIRE(twin.Logged("election.id_in_use") == 1);
  site.ensemble.Reset(twin.client());
  CHECK(site.world.RunUntil([&] { return twin.refused().has_value(); }, 60s));
}

TEST_CASE(
    "identity: restarted after a crash, the ensemble away meanwhile, it still waits its ghost "
    "out") {
  Settled site;
  const auto id = site.Follower().id();
  site.Kill(id);
  SimChecker& again = site.Start(id);
  site.world.RunFor(1s);
  REQUIRE(again.Logged("election.id_in_use") == 1);
  site.ensemble.Down();
  site.world.RunFor(10s);
  site.ensemble.Up();
  REQUIRE(site.world.RunUntil(
      [&] { return again.Logged("election.registered") == 1 || again.refused(); }, 60s));
  CHECK(!again.refused());
}

TEST_CASE("identity: a ghost with a longer session timeout than its successor is waited out") {
  Settled site;
  SimChecker::Options options;
  options.id = "c9";
  options.session_timeout = 30s;
  site.Start(options);
  site.world.RunFor(5s);
  site.Kill("c9");
  options.session_timeout = 4s;
  SimChecker& again = site.Start(options);
  REQUIRE(site.world.RunUntil(
      [&] { return again.Logged("election.registered") == 1 || again.refused(); }, 90s));
  CHECK(!again.refused());
}

TEST_CASE("epochs never fall: the leader's record is removed") {
  Settled site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  site.Leader().Leave();
  site.world.RunFor(2s);
  const auto before = site.LeaderOf(kName)->epoch;
  const auto head = site.HeadOf(kName)->epoch;
  site.ensemble.Remove(paths.leader());
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 60s));
  CHECK(site.LeaderOf(kName)->epoch >= before);
  CHECK(site.HeadOf(kName)->epoch > head);
}

TEST_CASE("quorum: a ledger lost while two of three are gone makes nobody its own majority") {
  for (const bool removed : {true, false}) {
    CAPTURE(removed);
    Settled site(1, std::nullopt);
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

TEST_CASE("Go: what Go checkers wrote into the mirror is mended when they are gone") {
  Settled site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  const auto good = site.ensemble.Get(paths.mirror())->data;
  site.ensemble.Put(paths.go_voters() + "/n_0000000001", "{}");
  site.world.RunFor(1s);
  site.ensemble.Put(paths.mirror(),
                    R"({"10.0.0.1:1":{"Addr":"10.0.0.1:1","Alive":false,"Since":999}})");
  site.world.RunFor(1s);
  CHECK(site.ensemble.Get(paths.mirror())->data != good);
  site.ensemble.Remove(paths.go_voters() + "/n_0000000001");
  site.world.RunFor(10s);
  CHECK(site.ensemble.Get(paths.mirror())->data == good);
}

TEST_CASE(
    "bad bytes: in head, mirror or a chunk are mended without waiting for their own next flip") {
  SimSite site;
  const ClusterPaths paths(SimSite::kRoot, kName);
  auto spec = site.MakeSpec(kName, 600);
  spec.checkers = 3;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  REQUIRE(site.Reaches(kName, std::string(600, 'A'), 60s));
  site.world.RunFor(2s);
  for (const auto& path : {paths.head(), paths.mirror()}) {
    site.ensemble.Put(path, "junk");
    site.world.RunFor(5s);
    CHECK(site.ensemble.Get(path)->data != "junk");
  }
  site.ensemble.Put(paths.chunk(0), "junk");
  site.fleet.Set("10.0.0.1:600", Server::kRefused);  // a shard of the other chunk
  REQUIRE(site.Reaches(kName, std::string(599, 'A') + "D", 10s));
  CHECK(site.HeadOf(kName)->chunks[0] == site.ensemble.Get(paths.chunk(0))->stat.version);
}

TEST_CASE("bad hands: a missing parent is made again") {
  for (const bool votes : {true, false}) {
    CAPTURE(votes);
    Settled site;
    const ClusterPaths paths(SimSite::kRoot, kName);
    site.ensemble.Remove(votes ? paths.votes() : paths.chunks());
    site.fleet.Set("10.0.0.1:1", Server::kRefused);
    CHECK(site.Reaches(kName, "DAAA", 60s));
  }
}

TEST_CASE("spec: changed while no checker ran and no mirror helps, nothing is unknown in between") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 4);
  spec.checkers = 3;
  spec.mirror_limit = 10;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  REQUIRE(site.Reaches(kName, "DAAA", 30s));
  for (const char* id : {"c1", "c2", "c3"}) site.Kill(id);
  site.world.RunFor(10s);
  auto next = site.MakeSpec(kName, 5);
  next.checkers = 3;
  next.mirror_limit = 10;
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.Update(next);
  for (const char* id : {"d1", "d2", "d3"}) site.Start(id);
  bool unknown_seen = false;
  site.world.RunUntil(
      [&] {
        const auto head = site.HeadOf(kName);
        if (!head || head->shards != 5) return false;
        unknown_seen = unknown_seen || site.Statuses(kName).find('?') != std::string::npos;
        return site.Statuses(kName) == "DAAAA";
      },
      20s);
  CHECK(site.Statuses(kName) == "DAAAA");
  CHECK(!unknown_seen);
}

TEST_CASE("quorum: more ballots than the spec's checkers make the quorum larger") {
  SimSite site;
  auto spec = site.MakeSpec(kName, 2);
  spec.checkers = 3;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3", "c4", "c5"}) site.Start(id);
  REQUIRE(site.Reaches(kName, "AA", 30s));
  site.world.RunFor(5s);
  for (const char* id : {"c1", "c2"}) {
    site.fleet.SetReach(id, "10.0.0.1:1", FakeFleet::Reach::kDropped);
  }
  site.world.RunFor(20s);
  CHECK(site.Statuses(kName) == "AA");  // two of five are no majority
  site.fleet.SetReach("c3", "10.0.0.1:1", FakeFleet::Reach::kDropped);
  CHECK(site.Reaches(kName, "DA", 10s));
}
