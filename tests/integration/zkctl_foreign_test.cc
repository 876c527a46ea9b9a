// The output of zkctl where others have written: Go checkers and managers, and writers of bytes
// that cannot be decoded.
#include <algorithm>

#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_foreign_test {
namespace {

TEST_CASE("zkctl status: a live Go checker holds every decision, and is reported") {
  Fleet fleet;
  const Operator shell(fleet);
  const std::string voters = fleet.Paths("sessions").go_voters();
  const auto go = fleet.direct.Create(voters + "/n_", "{}", zk::CreateMode::kEphemeralSequential);
  REQUIRE(go.has_value());
  fleet.redis[0]->Kill();
  REQUIRE(fleet.direct.Await([&] {
    return Ask(shell, {"status", "sessions"})["shards"][0]["votes"]["dead"] == 3;
  }));
  const Json held = Ask(shell, {"status", "sessions"});
  CheckStatusShape(held);
  CHECK(held["shards"][0]["status"] == "alive");
  const std::string why = "a Go checker is registered: nothing is decided until the last one has";
  CHECK(shell.Run({"status", "sessions"}).out.find(why) != std::string::npos);
  CHECK(shell.Run({"explain", "sessions", "s1"}).out.find("held: " + why) != std::string::npos);
  REQUIRE(fleet.direct.Delete(*go).has_value());
  CHECK(fleet.AwaitStatus("sessions", "DAA") == "DAA");
  CHECK(shell.Run({"status", "sessions"}).out.find(why) == std::string::npos);
}

TEST_CASE("zkctl: undecodable bytes are reported, and hide nothing else") {
  Fleet fleet;
  const Operator shell(fleet);
  const ClusterPaths paths = fleet.Paths("sessions");
  // A ballot: its checker counts as silent until it writes again.
  for (auto& checker : fleet.checkers) checker->Pause();
  REQUIRE(fleet.direct.Put(paths.vote("c2"), "\x01\xff{").has_value());
  const Json status = Ask(shell, {"status", "sessions"});
  CheckStatusShape(status);
  CHECK(status["shards"][0]["votes"] == Json({{"alive", 2}, {"dead", 0}, {"unknown", 0}}));
  const std::string text = shell.Run({"status", "sessions"}).out;
  CHECK(text.find("the ballot of c2 cannot be decoded") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\x01') == 0);
  for (const Json& checker : Ask(shell, {"checkers", "sessions"})) {
    CHECK(checker["ballot"] == (checker["id"] == "c2" ? "undecodable" : "counted"));
  }
  for (auto& checker : fleet.checkers) checker->Resume();

  // An event, then the spec itself.
  REQUIRE(
      fleet.direct.Create(paths.event_prefix(), "\x1b[2J", zk::CreateMode::kPersistentSequential)
          .has_value());
  const Output events = shell.Run({"events", "sessions"});
  CheckDone(events);
  CHECK(events.out.find("cannot be decoded") != std::string::npos);
  CHECK(events.out.find('\x1b') == std::string::npos);
  CHECK(events.out.find("took over") != std::string::npos);

  fleet.Create(fleet.SpecOf("another"));
  REQUIRE(fleet.direct.Put(paths.shards(), "[{\x1b").has_value());
  for (const Arguments& verb :
       {Arguments{"get", "sessions"}, Arguments{"status", "sessions"},
        Arguments{"checkers", "sessions"}, Arguments{"explain", "sessions", "s1"},
        Arguments{"locate", "sessions", "key"}, Arguments{"update", "sessions", "--points", "3"}}) {
    CAPTURE(verb.front());
    CheckRefused(shell.Run(verb), 1, "sessions");
  }
  const Json list = Ask(shell, {"list"});
  REQUIRE(list.size() == 2);
  CHECK(list[0]["name"] == "another");
  CHECK(list[0]["shards"] == 3);
  CHECK(list[1]["name"] == "sessions");
  CHECK(list[1]["error"].is_string());
  CheckDone(shell.Run({"list"}));
  CheckDone(shell.Run({"delete", "sessions", "--yes"}));
  CHECK(fleet.direct.Children(fleet.root) == std::vector<std::string>{"another"});
}

TEST_CASE("zkctl: a cluster that a Go manager made and Go checkers ran") {
  Site site;
  const Operator shell(site);
  const ClusterPaths paths = site.Paths("web");
  const std::string status =
      R"({"10.0.0.1:6379":{"Addr":"10.0.0.1:6379","Alive":true,"Since":1795224346402646},)"
      R"("10.0.0.2:6379":{"Addr":"10.0.0.2:6379","Alive":false,"Since":1795224346402647}})";
  for (const auto& [path, data] : std::vector<std::pair<std::string, std::string>>{
           {site.root, "site"},
           {paths.base(), "1795224346402640"},
           {paths.shards(),
            R"([{"Name":"s1","Addr":"10.0.0.1:6379"},{"Name":"s2","Addr":"10.0.0.2:6379"}])"},
           {paths.options(),
            R"({"FailoverEnabled":true,"RingType":"Consistent","RingParams":"160"})"},
           {paths.mirror(), status},
           {paths.go_voters(), "web"}}) {
    REQUIRE(site.direct.Create(path, data).has_value());
  }
  const Json list = Ask(shell, {"list"});
  CHECK(list[0]["alive"] == 1);
  CHECK(list[0]["dead"] == 1);
  const Json shown = Ask(shell, {"status", "web"});
  CheckStatusShape(shown);
  CHECK(shown["version"] == 1795224346402640);
  CHECK(shown["leader"].is_null());
  CHECK(shown["shards"][1]["status"] == "dead");
  CHECK(shown["shards"][1]["since"] == 1795224346402647);
  CHECK(Ask(shell, {"checkers", "web"}) == Json::array());
  CheckDone(shell.Run({"events", "web"}));
  CheckDone(shell.Run({"explain", "web", "s2"}));
  CHECK(shell.Run({"status", "web"}).out.find("decided by Go checkers") != std::string::npos);
  CheckDone(shell.Run({"update", "web", "--add-shard", "s3=10.0.0.3:6379"}));
  CHECK(site.direct.Data(paths.shards()).find(R"({"Name":"s3","Addr":"10.0.0.3:6379"})") !=
        std::string::npos);
  CheckDone(shell.Run({"delete", "web", "--yes"}));
  CHECK(site.direct.Children(site.root).empty());
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_foreign_test
