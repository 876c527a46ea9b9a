// A restored backup: candidates, ballots and Go registrations without a session, with whole
// checkers in a simulated world.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/settled_site.h"

namespace ghosts_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

std::string GhostNode(const std::string& id, const char* number = "0000000000") {
  return CandidatePrefix(id, std::string(32, 'f')) + number;
}

// Everything below election, votes and localstatus, as a backup has it.
std::vector<std::pair<std::string, std::string>> Backup(const Settled& site) {
  std::vector<std::pair<std::string, std::string>> backup;
  for (const auto& parent : {site.paths.election(), site.paths.votes()}) {
    for (const auto& name : site.ensemble.Children(parent)) {
      backup.emplace_back(parent + "/" + name, site.ensemble.Get(parent + "/" + name)->data);
    }
  }
  return backup;
}

std::string Dead(const Settled& site) {
  Ballot ballot;
  ballot.spec = DecodeBallot(site.ensemble.Get(site.paths.vote("c1"))->data)->spec;
  ballot.votes.assign(4, Vote{Opinion::kDead, Reason::kTimeout});
  return EncodeBallot(ballot);
}

}  // namespace

TEST_CASE("ghosts: every checker restarts with the same id after its znodes were restored") {
  Settled site;
  site.world.RunFor(2s);
  const auto backup = Backup(site);
  REQUIRE(backup.size() == 6);
  for (const char* id : {"c1", "c2", "c3"}) site.Kill(id);
  REQUIRE(site.world.RunUntil([&] { return site.ensemble.Children(site.paths.election()).empty(); },
                              60s));
  for (const auto& [path, data] : backup) site.ensemble.Put(path, data);
  for (const char* id : {"c1", "c2", "c3"}) {
    SimChecker::Options checker;
    checker.id = id;
    site.Start(std::move(checker));
  }
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  CHECK(site.Reaches(kName, "DAAA", 10s));
  site.world.RunFor(3s);
  CHECK(site.ensemble.Children(site.paths.election()).size() == 3);
  CHECK(site.ensemble.Children(site.paths.votes()).size() == 3);
  for (const auto& saved : backup) {
    const auto node = site.ensemble.Get(saved.first);
    CHECK_MESSAGE((!node || node->stat.has_owner()), saved.first);
  }
  CHECK(site.LedgerOf(kName).electorate == std::set<std::string>{"c1", "c2", "c3"});
  // One line for each. A checker removes the ghost of its own ballot itself.
  std::size_t lines = 0;
  for (auto& checker : site.checkers) {
    lines += checker->Logged("ghost.removed") + checker->Logged("ballot.ghost");
  }
  CHECK(lines == 6);
}

TEST_CASE("ghosts: many of them at once cost a few requests each") {
  Settled site;
  const auto stamped = [&](int n) {
    return fmt::format("{}/g{}-{:032x}-{:010}", site.paths.election(), n, n, 0);
  };
  // Lower numbers than those of the living, so everybody waits for them, and learns one by one that
  // they are nobody. No leader removes them here, because they have children.
  for (int n = 0; n < 40; ++n) {
    site.ensemble.Put(stamped(n), "{}");
    site.ensemble.Put(stamped(n) + "/x", "");
  }
  const auto before = site.ensemble.requests_served();
  site.Kill("c1");
  site.world.RunFor(20s);
  CHECK(site.LeaderOf(kSettledCluster)->id != "c1");
  CHECK(site.ensemble.requests_served() - before < 3000);
}

TEST_CASE("ghosts: their votes are not counted, their ids are not learned, and they are removed") {
  Settled site({.change = EveryoneCounts});
  const std::string dead = Dead(site);
  for (const char* id : {"g1", "g2", "g3", "g4"}) site.ensemble.Put(site.paths.vote(id), dead);
  site.ensemble.Put(site.paths.vote("junk"), "x");
  site.ensemble.Put(site.paths.candidate(GhostNode("g5")), "{}");
  site.ensemble.Put(site.paths.go_voters() + "/n_0000000000", "{}");
  site.ensemble.Put(site.paths.go_voters() + "/other", "{}");
  site.world.RunFor(2s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.Leader().Logged("ghost.removed") == 7);
  CHECK(site.Leader().Logged("ghost.stays") == 0);
  CHECK(site.Leader().Logged("leader.hold") == 0);
  CHECK(site.Leader().Logged("ballot.undecodable") == 0);
  CHECK(site.ensemble.Children(site.paths.votes()).size() == 3);
  CHECK(site.ensemble.Children(site.paths.election()).size() == 3);
  CHECK(site.ensemble.Children(site.paths.go_voters()) == std::vector<std::string>{"other"});
  CHECK(site.LedgerOf(kName).electorate == std::set<std::string>{"c1", "c2", "c3"});
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  CHECK(site.Reaches(kName, "DAAA", 5s));
}

TEST_CASE("ghosts: a Go registration that a session owns still holds every flip") {
  Settled site;
  site.ensemble.PutEphemeral(site.paths.go_voters() + "/n_0000000001", "{}");
  site.ensemble.Put(site.paths.go_voters() + "/n_0000000000", "{}");
  site.world.RunFor(1s);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  site.world.RunFor(10s);
  CHECK(site.Mirrored() == "AAAA");
  CHECK(site.ensemble.Children(site.paths.go_voters()) == std::vector<std::string>{"n_0000000001"});
  site.ensemble.EndEphemerals();
  CHECK(site.Reaches(kName, "DAAA", 5s));
}

TEST_CASE("ghosts: a ballot that a checker has begun in a ghost's place is never removed") {
  Settled site;
  SimChecker& follower = site.Follower();
  const std::string path = site.paths.vote(follower.id());
  const std::string data = site.ensemble.Get(path)->data;
  bool swept = false;
  // As the leader's removal arrives, the ghost is gone and the checker's ballot is there, with the
  // very version that the ghost had.
  site.ensemble.SetFate(site.Leader().client(), [&](const Request& request) {
    const bool removes = request.verb == Verb::kMulti &&
                         std::any_of(request.ops.begin(), request.ops.end(), [&](const zk::Op& op) {
                           const auto* const gone = std::get_if<zk::DeleteOp>(&op);
                           return gone != nullptr && gone->path == path;
                         });
    if (removes && !swept) {
      swept = true;
      site.ensemble.Remove(path);
      site.ensemble.PutEphemeral(path, data);
      site.ensemble.Put(site.paths.votes(), kName);
    }
    return Fate::kServe;
  });
  site.Kill(follower.id());
  REQUIRE(site.world.RunUntil([&] { return !site.ensemble.Exists(path); }, 60s));
  site.ensemble.Put(path, data);
  REQUIRE(site.world.RunUntil([&] { return swept; }, 5s));
  site.world.RunFor(2s);
  const auto node = site.ensemble.Get(path);
  REQUIRE(node);
  CHECK(node->stat.ephemeral_owner == kOutsiderSession);
}

TEST_CASE("ghosts: one with children stays, is named once, and is still nobody") {
  Settled site;
  site.ensemble.Put(site.paths.vote("g1"), Dead(site));
  site.ensemble.Put(site.paths.vote("g1") + "/below", "x");
  site.world.RunFor(5s);
  CHECK(site.Leader().Logged("ghost.removed") == 0);
  CHECK(site.Leader().Logged("ghost.stays") == 1);
  site.fleet.Set("10.0.0.1:1", Server::kRefused);
  CHECK(site.Reaches(kName, "DAAA", 5s));
}

}  // namespace ghosts_test
