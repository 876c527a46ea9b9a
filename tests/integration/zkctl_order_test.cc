// Orders to running checkers through zkctl and the Manager: pause, resume, maintenance, unfreeze,
// forget, and their reports by status, explain, list, events and the log, on real servers.
#include <chrono>
#include <sstream>

#include "admin/snapshot.h"
#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_order_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

void CheckSays(const std::string& text, std::string_view part) {
  CHECK_MESSAGE(text.find(part) != std::string::npos, text);
}

// `user@host` of the test's user.
bool IsSomebody(const Json& by) {
  return by.is_string() && by.get<std::string>().find('@') != std::string::npos;
}

// Waits until this many checkers vote that the shard is dead.
bool AwaitDeadVotes(Site& site, const Operator& shell, std::size_t shard, int votes) {
  return site.direct.Await([&] {
    return Ask(shell, {"status", "sessions"})["shards"][shard]["votes"]["dead"] == votes;
  });
}

std::vector<Json> Journal(const Operator& shell, const std::string& kind) {
  const Output output = shell.Run({"events", "sessions", "-o", "json"});
  CheckDone(output);
  std::istringstream lines(output.out);
  std::vector<Json> events;
  for (std::string line; std::getline(lines, line);) {
    if (Json event = ParseJson(line); event["kind"] == kind) events.push_back(event);
  }
  return events;
}

TEST_CASE("zkctl pause: a shard dies meanwhile, and flips when the pause ends by itself") {
  Fleet fleet;
  const Operator shell(fleet);
  CheckRefused(shell.Run({"pause", "nobody", "--reason", "x"}), 1, "no cluster \"nobody\"");
  CheckRefused(shell.Run({"resume", "sessions"}), 1, "it is not paused");

  const Output first = shell.Run({"pause", "sessions", "--reason", "until later"});
  CheckDone(first);
  CheckSays(first.out, "paused sessions, no end: \"until later\"; by ");
  CHECK(Ask(shell, {"status", "sessions"})["paused"]["until"].is_null());

  const Json paused =
      Ask(shell, {"pause", "sessions", "--for", "15s", "--reason", "switch replaced"});
  CheckKeys(paused, {{"cluster", "text"}, {"action", "text"}, {"paused", "map"}});
  CHECK(paused["action"] == "paused");
  CHECK(paused["replaced"]["reason"] == "until later");
  CHECK(IsSomebody(paused["paused"]["by"]));
  fleet.redis[1]->Kill();
  REQUIRE(AwaitDeadVotes(fleet, shell, 1, 3));
  CHECK(fleet.Statuses("sessions") == "AAA");

  const Json status = Ask(shell, {"status", "sessions"});
  CheckStatusShape(status);
  CHECK(status["held"] == "paused");
  CheckKeys(status["paused"],
            {{"since", "number"}, {"until", "number"}, {"by", "text"}, {"reason", "text"}});
  CHECK(status["paused"] == paused["paused"]);
  CheckSays(shell.Run({"status", "sessions"}).out, "\npaused      ");
  CheckSays(shell.Run({"explain", "sessions", "s2"}).out,
            "3 votes for dead reach the quorum of 2, but the cluster was paused ");
  CHECK(Ask(shell, {"list"})[0]["paused"] == true);
  CHECK(fleet.AwaitLeader("sessions").AwaitLog({"event=leader.hold", "hold=paused"}, kLimit));

  REQUIRE(fleet.AwaitStatus("sessions", "ADA", seconds(40)) == "ADA");
  const Json after = Ask(shell, {"status", "sessions"});
  CHECK(after["paused"].is_null());
  CHECK(after["held"].is_null());
  CHECK(after["shards"][1]["since"] >= paused["paused"]["until"]);
  CHECK(Journal(shell, "pause").size() == 2);
  REQUIRE(Journal(shell, "resume").size() == 1);
  CHECK_FALSE(Journal(shell, "resume")[0].contains("by"));
}

TEST_CASE("zkctl resume: what has died meanwhile flips at once") {
  Fleet fleet;
  const Operator shell(fleet);
  CheckDone(shell.Run({"pause", "sessions", "--for", "24h", "--reason", "move"}));
  fleet.redis[0]->Kill();
  REQUIRE(AwaitDeadVotes(fleet, shell, 0, 3));
  // A pause outlives the leader that obeys it.
  fleet.AwaitLeader("sessions").Kill();
  REQUIRE(fleet.direct.Await([&] { return fleet.Voters("sessions").size() == 5; }));
  (void)fleet.AwaitLeader("sessions");
  CHECK(fleet.Statuses("sessions") == "AAA");
  const Output resumed = shell.Run({"resume", "sessions"});
  CheckDone(resumed);
  CheckSays(resumed.out, "resumed sessions; it was paused ");
  CHECK(fleet.AwaitStatus("sessions", "DAA") == "DAA");
  CHECK(IsSomebody(Journal(shell, "resume").at(0)["by"]));
}

TEST_CASE("zkctl maintenance: a shard dies and others flip, it is seen everywhere, and it ends") {
  Fleet fleet;
  const Operator shell(fleet);
  CheckRefused(shell.Run({"maintenance", "off", "sessions", "--all"}), 1,
               "no shard is under maintenance");
  CheckRefused(shell.Run({"maintenance", "on", "sessions", "--host", "h", "--reason", "x"}), 1,
               "it has no shard on host \"h\"");
  CHECK(shell.Run({"maintenance", "list", "sessions"}).out == "no shard is under maintenance\n");
  const Json on =
      Ask(shell, {"maintenance", "on", "sessions", "s1", "s2", "--reason", "memory replaced"});
  CHECK(on["action"] == "maintenance_on");
  CHECK(on["shards"] == Json::array({"s1", "s2"}));
  CHECK(on["maintenance"]["until"].is_null());
  CHECK(IsSomebody(on["maintenance"]["by"]));
  for (auto& redis : fleet.redis) redis->Kill();
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(AwaitDeadVotes(fleet, shell, i, 3));
  REQUIRE(fleet.AwaitStatus("sessions", "AAD") == "AAD");

  const Json status = Ask(shell, {"status", "sessions"});
  CheckStatusShape(status);
  CHECK(status["shards"][1]["maintenance"] == on["maintenance"]);
  CHECK_FALSE(status["shards"][2].contains("maintenance"));
  CHECK(Ask(shell, {"list"})[0]["maintained"] == 2);
  CheckSays(shell.Run({"explain", "sessions", "s2"}).out,
            "3 votes for dead reach the quorum of 2, but the shard is under maintenance, "
            "ordered ");
  CHECK(Ask(shell, {"maintenance", "list", "sessions"})[1]["reason"] == "memory replaced");
  CHECK(fleet.AwaitLeader("sessions").AwaitLog({"event=maintenance.holds", "names=s1,s2"}, kLimit));

  const Output timed = shell.Run(
      {"maintenance", "on", "sessions", "s1", "--for", "1s", "--reason", "only for a moment"});
  CheckDone(timed);
  CheckSays(timed.out,
            "maintenance of 1 shard of sessions (s1), for 1s: \"only for a moment\"; by ");
  REQUIRE(fleet.AwaitStatus("sessions", "DAD", seconds(40)) == "DAD");  // by itself
  CheckSays(shell.Run({"maintenance", "off", "sessions", "--host", "127.0.0.1"}).out,
            "maintenance of 1 shard of sessions ended: s2\n");
  REQUIRE(fleet.AwaitStatus("sessions", "DDD") == "DDD");
  CHECK(Journal(shell, "maintenance").size() == 2);
  const auto over = Journal(shell, "maintenance_over");
  REQUIRE(over.size() == 2);
  CHECK_FALSE(over[0].contains("by"));
  CHECK(IsSomebody(over[1]["by"]));
}

// Six servers, and three of them may be dead.
struct BigFleet : Site {
  BigFleet() {
    AddRedis(6);
    AddCheckers(3);
    ClusterSpec spec = SpecOf("sessions");
    spec.max_dead_fraction = 0.5;
    Create(spec);
    REQUIRE(AwaitStatus("sessions", "AAAAAA") == "AAAAAA");
    REQUIRE(AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  }
};

TEST_CASE("zkctl unfreeze: five of six die, and an operator lets the deaths pass") {
  BigFleet fleet;
  const Operator shell(fleet);
  CheckRefused(shell.Run({"unfreeze", "sessions"}), 1, "it is not frozen");
  fleet.redis[0]->Kill();
  REQUIRE(fleet.AwaitStatus("sessions", "DAAAAA") == "DAAAAA");
  for (std::size_t i = 1; i < 5; ++i) fleet.redis[i]->Kill();
  REQUIRE(fleet.direct.Await([&] { return Ask(shell, {"status", "sessions"})["frozen"] == true; }));
  for (std::size_t i = 1; i < 5; ++i) REQUIRE(AwaitDeadVotes(fleet, shell, i, 3));

  const Json status = Ask(shell, {"status", "sessions"});
  CheckStatusShape(status);
  CheckKeys(status["freeze"], {{"since", "number"},
                               {"would_be_dead", "number"},
                               {"dead", "number"},
                               {"allowed", "number"},
                               {"ends_below", "number"},
                               {"max_dead_fraction", "another number"},
                               {"accept", "bool"},
                               {"accepted", "number"}});
  CHECK(status["freeze"]["would_be_dead"] == 5);
  CHECK(status["freeze"]["allowed"] == 3);
  CHECK(status["freeze"]["dead"] <= 3);
  CheckSays(shell.Run({"status", "sessions"}).out,
            "5 of 6 shards would be dead, more than the 3 that max_dead_fraction 0.5 allows");
  CHECK(Ask(shell, {"list"})[0]["frozen"] == true);
  CHECK(fleet.AwaitLeader("sessions").AwaitLog({"event=freeze.began", "shards=6"}, kLimit));
  REQUIRE(Journal(shell, "freeze").size() == 1);
  for (std::size_t i = 1; i < 5; ++i) {
    if (status["shards"][i]["status"] == "dead") continue;
    const std::string text = shell.Run({"explain", "sessions", "s" + std::to_string(i + 1)}).out;
    CheckSays(text, "3 votes for dead reach the quorum of 2, but 5 of 6 shards would be dead");
    CheckSays(text, "so it stays alive; `zkctl unfreeze sessions --accept` lets the deaths pass");
  }

  // A return passes; it dies again, and that is held back.
  fleet.redis[0]->Start();
  REQUIRE(
      fleet.direct.Await([&] { return fleet.Statuses("sessions").front() == 'A'; }, minutes(1)));
  CHECK(Ask(shell, {"status", "sessions"})["frozen"] == true);
  fleet.redis[0]->Kill();
  REQUIRE(AwaitDeadVotes(fleet, shell, 0, 3));

  // Lifted without --accept it begins again, which is reported within seconds.
  const Output again = shell.Run({"unfreeze", "sessions"});
  CHECK(again.code == 1);
  CheckSays(again.out, "5 of 6 shards would be dead, more than the 3");
  CheckSays(again.err, "\"sessions\" froze again: 5 of 6 shards would be dead");
  CheckSays(again.err, "`zkctl unfreeze sessions --accept` lets the deaths pass");
  CHECK(fleet.Statuses("sessions").front() == 'A');

  const Json accepted = Ask(shell, {"unfreeze", "sessions", "--accept"});
  CHECK(accepted["action"] == "unfroze");
  CHECK(accepted["accept"] == true);
  CHECK(accepted["before"]["frozen"] == true);
  CHECK(accepted["before"]["would_be_dead"] == 5);
  CHECK(accepted["after"] ==
        Json({{"frozen", false}, {"shards", 6}, {"dead", 5}, {"would_be_dead", 5}}));
  CHECK(fleet.Statuses("sessions") == "DDDDDA");
  const auto unfrozen = Journal(shell, "unfreeze");
  REQUIRE(unfrozen.size() == 2);
  CHECK(unfrozen[1]["note"] == "accepted");
  CHECK(IsSomebody(unfrozen[1]["by"]));
  for (auto& server : fleet.redis) server->Start();
  CHECK(fleet.AwaitStatus("sessions", "AAAAAA", minutes(1)) == "AAAAAA");
}

TEST_CASE("zkctl checkers forget: a checker was removed, and the quorum comes back") {
  Site site;
  const Operator shell(site);
  site.AddRedis(2);
  site.AddCheckers(4);
  site.AddChecker("rack5-checker");
  ClusterSpec spec = site.SpecOf("sessions");
  spec.checkers.reset();  // every checker that was ever seen
  site.Create(spec);
  REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3,c4,rack5-checker") == "c1,c2,c3,c4,rack5-checker");
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  REQUIRE(site.direct.Await([&] {
    return Ask(shell, {"status", "sessions"})["electorate"].size() == 5;
  }));
  CheckRefused(shell.Run({"checkers", "forget", "sessions", "c4", "--yes"}), 1,
               "checker \"c4\" is registered and would be learned again at once");
  CheckRefused(shell.Run({"checkers", "forget", "sessions", "rack5-cheker", "--yes"}), 1,
               "in the electorate of \"sessions\"; did you mean \"rack5-checker\"?");
  CheckRefused(shell.Run({"checkers", "forget", "sessions", "other"}), 1,
               "no checker \"other\" in the electorate, which is c1, c2, c3, c4, rack5-checker");

  for (std::size_t i = 2; i < 5; ++i) site.checkers[i]->Stop();
  REQUIRE(site.AwaitVoters("sessions", "c1,c2") == "c1,c2");
  site.redis[1]->Kill();
  REQUIRE(AwaitDeadVotes(site, shell, 1, 2));
  CHECK(site.Statuses("sessions") == "AA");
  CheckSays(shell.Run({"status", "sessions"}).out,
            "until it is forgotten: `zkctl checkers forget sessions c3`");

  CheckRefused(shell.Run({"checkers", "forget", "sessions", "rack5-checker"}), 1,
               "the quorum becomes 3 of 4, it is 3 of 5. Without a terminal it needs --yes");
  ZkctlTerminal terminal({"checkers", "forget", "sessions", "rack5-checker"}, shell.variables);
  REQUIRE(terminal.Await("Type the cluster's name or y: "));
  terminal.Type("y\n");
  const Output asked = terminal.Wait();
  CHECK(asked.code == 0);
  CheckSays(asked.out, "forgot rack5-checker of sessions; the quorum is 3 of 4");
  CHECK(site.Statuses("sessions") == "AA");
  const Json forgot = Ask(shell, {"checkers", "forget", "sessions", "c4", "--yes"});
  CHECK(forgot["action"] == "forgot");
  CHECK(forgot["id"] == "c4");
  CHECK(forgot["quorum"] == 2);
  CHECK(forgot["electorate_size"] == 3);
  CHECK(site.AwaitStatus("sessions", "AD") == "AD");
  CHECK(Ask(shell, {"status", "sessions"})["electorate"] == Json({"c1", "c2", "c3"}));
  CHECK(Journal(shell, "forget").size() == 2);
  // The verb for all of them is still the one it was.
  CHECK(Ask(shell, {"checkers", "sessions"}).size() == 2);
}

TEST_CASE("zkctl --min-racks: votes from too few racks mark nobody dead") {
  Site site;
  const Operator shell(site);
  site.AddRedis(2);
  for (const auto& [id, rack] : {std::pair{"c1", "r1"}, {"c2", "r1"}, {"c3", "r2"}}) {
    auto options = site.CheckerDefaults(id);
    options.rack = rack;
    site.AddChecker(options);
  }
  ClusterSpec spec = site.SpecOf("sessions");
  spec.min_racks = 3;
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CheckSays(shell.Run({"status", "sessions"}).out,
            "min_racks is 3, but the registered checkers are on 2 racks: no shard can be marked "
            "dead");
  CHECK(Ask(shell, {"checkers", "sessions"})[2]["rack"].get<std::string>().front() == 'r');
  site.redis[0]->Kill();
  REQUIRE(AwaitDeadVotes(site, shell, 0, 3));
  CheckSays(shell.Run({"explain", "sessions", "s1"}).out,
            "3 votes for dead reach the quorum of 2, but they come from 2 racks and min_racks asks "
            "for 3, so it stays alive");
  CHECK(site.Statuses("sessions") == "AA");
  const Output updated =
      shell.Run({"update", "sessions", "--min-racks", "2", "--max-dead-fraction", "0.5", "--yes"});
  CheckDone(updated);
  CheckSays(updated.out, "~ min_racks: 3 -> 2\n~ max_dead_fraction: none -> 0.5\n");
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  const Json got = Ask(shell, {"get", "sessions"});
  CHECK(got["min_racks"] == 2);
  CHECK(got["max_dead_fraction"] == 0.5);
}

TEST_CASE("Manager: the same orders for programs, and their refusals") {
  Fleet fleet;
  Manager& manager = *fleet.manager;
  CHECK(CodeName(manager.Resume("sessions", "bot@ops")) == "not_found");
  CHECK(CodeName(manager.Unfreeze("sessions", false, "bot@ops")) == "not_found");
  CHECK(CodeName(manager.Forget("sessions", "c1", "bot@ops")) == "exists");
  CHECK(CodeName(manager.Forget("sessions", "c9", "bot@ops")) == "not_found");
  CHECK(CodeName(manager.Pause("nobody", {seconds(0), "bot@ops", "x"})) == "not_found");
  CHECK(CodeName(manager.Pause("sessions", {seconds(0), "", "x"})) == "invalid");
  const auto first = manager.Pause("sessions", {minutes(5), "bot@ops", "deploy"});
  REQUIRE(first);
  CHECK_FALSE(*first);
  const auto second = manager.Pause("sessions", {seconds(0), "bot@ops", "deploy again"});
  REQUIRE(second);
  CHECK(*second);
  CHECK(fleet.Read("sessions").ledger->pause->reason == "deploy again");
  CHECK(manager.Resume("sessions", "bot@ops"));
  const MaintenanceOrder order{{{}, "127.0.0.1"}, minutes(5), "bot@ops", "deploy"};
  const auto shards = manager.Maintain("sessions", order);
  REQUIRE(shards);
  CHECK(*shards == std::vector<std::string>{"s1", "s2", "s3"});
  CHECK(CodeName(manager.Maintain("sessions", {{{"s9"}}, minutes(5), "bot@ops", "x"})) ==
        "not_found");
  CHECK(*manager.EndMaintenance("sessions", {{"s2"}}, "bot@ops") == std::vector<std::string>{"s2"});
  CHECK(manager.EndMaintenance("sessions", {{}, "", true}, "bot@ops")->size() == 2);
  CHECK(CodeName(manager.EndMaintenance("sessions", {{}, "", true}, "bot@ops")) == "not_found");
  CHECK_FALSE(fleet.Read("sessions").ledger->pause);
  // An undecodable ledger is left to the leader, which makes a new one.
  fleet.checkers[0]->Pause();
  fleet.checkers[1]->Pause();
  fleet.checkers[2]->Pause();
  REQUIRE(fleet.direct.Put(fleet.Paths("sessions").ledger(), "?"));
  CHECK(CodeName(manager.Pause("sessions", {seconds(0), "bot@ops", "x"})) == "bad_data");
  for (auto& checker : fleet.checkers) checker->Resume();
  CHECK(fleet.direct.Await([&] {
    return manager.Pause("sessions", {seconds(0), "bot@ops", "x"}).has_value();
  }));
  CHECK(fleet.direct.Await([&] { return fleet.Read("sessions").ledger->electorate.size() == 3; }));
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_order_test
