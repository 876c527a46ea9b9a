// A restored backup on real servers: candidates, ballots and Go registrations without a session.
#include <algorithm>

#include "admin/snapshot.h"
#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_ghost_test {
namespace {

using Znodes = std::vector<std::pair<std::string, std::string>>;

// What a backup of a living cluster holds below `election` and `votes`.
Znodes Backup(Site& site, const ClusterPaths& paths) {
  Znodes backup;
  for (const std::string& parent : {paths.election(), paths.votes()}) {
    for (const std::string& name : site.direct.Children(parent)) {
      std::string path = parent;
      path += '/';
      path += name;
      backup.emplace_back(path, site.direct.Data(path));
    }
  }
  return backup;
}

void Restore(Site& site, const Znodes& backup) {
  for (const auto& [path, data] : backup) REQUIRE(site.direct.Create(path, data).has_value());
}

bool Empty(Site& site, const ClusterPaths& paths) {
  return site.direct.Children(paths.election()).empty() &&
         site.direct.Children(paths.votes()).empty();
}

TEST_CASE(
    "restored backup: nobody runs, doctor names every ghost, --fix removes them, others stay") {
  Fleet fleet;
  const Operator shell(fleet);
  const ClusterPaths paths = fleet.Paths("sessions");
  Znodes backup = Backup(fleet, paths);
  REQUIRE(backup.size() == 6);
  fleet.checkers.clear();
  REQUIRE(fleet.direct.Await([&] { return Empty(fleet, paths); }));
  backup.emplace_back(paths.vote("junk"), "x");
  backup.emplace_back(paths.candidate("stray"), "x");
  backup.emplace_back(paths.go_voters() + "/n_0000000000", "{}");
  Restore(fleet, backup);
  REQUIRE(fleet.direct.Create(paths.vote("junk") + "/below", "x").has_value());
  const auto living = fleet.direct.Create(paths.vote("guest"), "x", zk::CreateMode::kEphemeral);
  REQUIRE(living.has_value());

  const Output doctor = shell.Run({"doctor", "sessions"});
  CHECK(doctor.code == 1);
  const Output json = shell.Run({"doctor", "sessions", "-o", "json"});
  for (const auto& saved : backup) {
    CHECK_MESSAGE(json.out.find(saved.first) != std::string::npos, saved.first);
  }
  CHECK(json.out.find("the ballot of guest") == std::string::npos);
  CHECK(doctor.out.find("the ballot of junk has no session") != std::string::npos);
  CHECK_MESSAGE(doctor.out.find("0 of 3 checkers are registered") != std::string::npos, doctor.out);
  const Output status = shell.Run({"status", "sessions"});
  CHECK(status.out.find("the ballot of junk has no session") != std::string::npos);
  CHECK(status.out.find("the ballot of guest cannot be decoded") != std::string::npos);
  CHECK(status.out.find("no checker is registered") != std::string::npos);
  const Output explain = shell.Run({"explain", "sessions", "s1"});
  CheckDone(explain);
  CHECK(explain.out.find("about to") == std::string::npos);

  CheckRefused(shell.Run({"doctor", "sessions", "--yes"}), 64, "--fix");
  CheckRefused(shell.Run({"doctor", "sessions", "--fix"}), 1, "needs --yes; nothing was done");
  for (const auto& [path, data] : backup) CHECK(fleet.direct.Exists(path));

  const Output fixed = shell.Run({"doctor", "sessions", "--fix", "--yes"});
  CHECK(fixed.code == 1);  // nobody is registered
  for (const auto& [path, data] : backup) {
    CHECK_MESSAGE(fixed.out.find("removed " + path) != std::string::npos, fixed.out);
    CHECK_FALSE(fleet.direct.Exists(path));
  }
  CHECK(fixed.out.find("has no session") == std::string::npos);
  CHECK(fleet.direct.Exists(*living));
  CHECK(fleet.direct.Children(paths.votes()) == std::vector<std::string>{"guest"});
}

TEST_CASE("restored backup: on a terminal --fix asks, and does nothing without a yes") {
  Fleet fleet;
  const Operator shell(fleet);
  const ClusterPaths paths = fleet.Paths("sessions");
  const Znodes backup = Backup(fleet, paths);
  fleet.checkers.clear();
  REQUIRE(fleet.direct.Await([&] { return Empty(fleet, paths); }));
  Restore(fleet, backup);
  ZkctlTerminal no({"doctor", "sessions", "--fix"}, shell.variables);
  REQUIRE(no.Await("Type the cluster's name or y"));
  no.Type("n\n");
  CHECK(no.Wait().code == 1);
  for (const auto& [path, data] : backup) CHECK(fleet.direct.Exists(path));
  ZkctlTerminal yes({"doctor", "sessions", "--fix"}, shell.variables);
  REQUIRE(yes.Await("6 znodes that no session owns"));
  yes.Type("sessions\n");
  const Output done = yes.Wait();
  CHECK(done.out.find("removed " + backup.front().first) != std::string::npos);
  CHECK(Empty(fleet, paths));
}

TEST_CASE("restored backup: checkers of the same ids start, and the leader removes the ghosts") {
  Fleet fleet;
  const Operator shell(fleet);
  const ClusterPaths paths = fleet.Paths("sessions");
  Znodes backup = Backup(fleet, paths);
  fleet.checkers.clear();
  REQUIRE(fleet.direct.Await([&] { return Empty(fleet, paths); }));
  backup.emplace_back(paths.go_voters() + "/n_0000000007", "{}");
  Restore(fleet, backup);
  fleet.AddCheckers(3);
  CHECK(fleet.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  fleet.redis[0]->Kill();
  CHECK(fleet.AwaitStatus("sessions", "DAA") == "DAA");
  REQUIRE(fleet.direct.Await([&] { return fleet.Read("sessions").ghosts.empty(); }));
  std::size_t lines = 0;
  for (const auto& checker : fleet.checkers) {
    lines += checker->CountLog({"event=ghost.removed"}) + checker->CountLog({"event=ballot.ghost"});
  }
  CHECK(lines == backup.size());
  CHECK(shell.Run({"doctor", "sessions"}).out.find("no session") == std::string::npos);
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_ghost_test
