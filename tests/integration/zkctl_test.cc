// What zkctl prints of clusters, with real servers and checkers behind them: every reading
// verb in every form, the keys and types of the JSON forms, which are an interface, and the
// tables on a terminal.
#include <yaml-cpp/yaml.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "admin/snapshot.h"
#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_test {
namespace {

// The text as another YAML reader reads it. Quoted scalars are text; others are read as JSON.
Json JsonOf(const YAML::Node& node) {
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(JsonOf(item));
    return list;
  }
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& entry : node) map[entry.first.as<std::string>()] = JsonOf(entry.second);
    return map;
  }
  if (node.IsNull()) return {};
  const auto text = node.as<std::string>();
  const Json plain = Json::parse(text, nullptr, false);
  return node.Tag() == "!" || plain.is_discarded() ? Json(text) : plain;
}

TEST_CASE("zkctl status, checkers, list: JSON before and after a shard is killed") {
  Fleet fleet;
  const Operator shell(fleet);
  const Json before = Ask(shell, {"status", "sessions"});
  CheckStatusShape(before);
  CHECK(before["cluster"] == "sessions");
  CHECK(before["version"] == fleet.Read("sessions").spec.spec.version);
  CHECK(before["leader"] == fleet.AwaitLeader("sessions").id());
  CHECK(before["epoch"] > 0);
  CHECK(before["quorum"] == 2);
  CHECK(before["electorate"] == Json({"c1", "c2", "c3"}));
  CHECK(before["frozen"] == false);
  REQUIRE(before["shards"].size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const Json& shard = before["shards"][i];
    CHECK(shard["name"] == "s" + std::to_string(i + 1));
    CHECK(shard["addr"] == fleet.redis[i]->address());
    CHECK(shard["status"] == "alive");
    CHECK(shard["since"] > 0);
    CHECK(shard["reason"].is_null());
    CHECK(shard["votes"] == Json({{"alive", 3}, {"dead", 0}, {"unknown", 0}}));
  }

  const Json checkers = Ask(shell, {"checkers", "sessions"});
  REQUIRE(checkers.size() == 3);
  int leaders = 0;
  for (const Json& checker : checkers) {
    CheckKeys(checker, {{"id", "text"},
                        {"host", "text"},
                        {"rack", "text"},
                        {"pid", "number"},
                        {"version", "text"},
                        {"ballot", "text"},
                        {"leader", "bool"},
                        {"since", "number"}});
    CHECK(checker["rack"] == "rack-of-" + checker["id"].get<std::string>());
    CHECK(checker["ballot"] == "counted");
    leaders += checker["leader"].get<bool>();
    for (const auto& process : fleet.checkers) {
      if (process->id() == checker["id"]) CHECK(checker["pid"] == process->pid());
    }
  }
  CHECK(leaders == 1);

  fleet.redis[1]->Kill();
  REQUIRE(fleet.AwaitStatus("sessions", "ADA") == "ADA");
  REQUIRE(fleet.direct.Await([&] {
    return Ask(shell, {"status", "sessions"})["shards"][1]["votes"]["dead"] == 3;
  }));
  const Json after = Ask(shell, {"status", "sessions"});
  CheckStatusShape(after);
  CHECK(after["shards"][1]["status"] == "dead");
  CHECK(after["shards"][1]["reason"] == "refused");
  CHECK(after["shards"][1]["since"] > before["shards"][1]["since"]);
  CHECK(after["shards"][0] == before["shards"][0]);

  fleet.Create(fleet.SpecOf("another", {"127.0.0.1:1"}));
  REQUIRE(fleet.AwaitStatus("another", "D") == "D");
  const Json list = Ask(shell, {"list"});
  REQUIRE(list.size() == 2);
  for (const Json& row : list) {
    CheckKeys(row, {{"name", "text"},
                    {"version", "number"},
                    {"shards", "number"},
                    {"alive", "number"},
                    {"dead", "number"},
                    {"unknown", "number"}});
  }
  CHECK(list[0]["name"] == "another");
  CHECK(list[0]["dead"] == 1);
  CHECK(list[1]["name"] == "sessions");
  CHECK(list[1]["version"] == after["version"]);
  CHECK(list[1]["shards"] == 3);
  CHECK(list[1]["alive"] == 2);
  CHECK(list[1]["dead"] == 1);
  CHECK(list[1]["unknown"] == 0);
}

TEST_CASE("zkctl locate: alive, a stand-in, nobody") {
  Fleet fleet;
  const Operator shell(fleet);
  const auto client = fleet.OpenClient("sessions");
  REQUIRE(fleet.AwaitView(*client, "AAA") == "AAA");
  const std::string key = KeyOwnedBy(*client, "s2");
  const auto locate = [&](const std::string& name) {
    const Json rows = Ask(shell, {"locate", name, key, "other key"});
    REQUIRE(rows.size() == 2);
    for (const Json& row : rows) {
      CheckKeys(row, {{"key", "text"},
                      {"owner", "text"},
                      {"serving", "text|null"},
                      {"addr", "text|null"},
                      {"stand_in", "bool"},
                      {"since", "number"}});
    }
    CHECK(rows[1]["key"] == "other key");
    CHECK(rows[0]["key"] == key);
    CHECK(rows[0]["owner"] == "s2");
    return rows[0];
  };
  const Json alive = locate("sessions");
  CHECK(alive["serving"] == "s2");
  CHECK(alive["addr"] == fleet.redis[1]->address());
  CHECK(alive["stand_in"] == false);

  ClusterSpec rigid = fleet.SpecOf("rigid");
  rigid.failover = false;
  fleet.Create(rigid);
  REQUIRE(fleet.AwaitStatus("rigid", "AAA") == "AAA");
  fleet.redis[1]->Kill();
  REQUIRE(fleet.AwaitStatus("sessions", "ADA") == "ADA");
  REQUIRE(fleet.AwaitStatus("rigid", "ADA") == "ADA");
  REQUIRE(fleet.AwaitView(*client, "ADA") == "ADA");
  const Json stand_in = locate("sessions");
  // The library and the command send a key to the same place.
  CHECK(stand_in["serving"] == client->Locate(key).serving.value_or(""));
  CHECK(stand_in["addr"] == client->Locate(key).addr);
  CHECK(stand_in["stand_in"] == true);
  CHECK(stand_in["since"] > alive["since"]);
  const Json nobody = locate("rigid");
  CHECK(nobody["serving"].is_null());
  CHECK(nobody["addr"].is_null());
  CHECK(nobody["stand_in"] == false);
}

TEST_CASE("zkctl explain: before and after a kill, with too few ballots, without a leader") {
  Fleet fleet;
  const Operator shell(fleet);
  const auto explain = [&] {
    const Json json = Ask(shell, {"explain", "sessions", "s3"});
    CheckKeys(json, {{"shard", "text"},
                     {"status", "text"},
                     {"since", "number"},
                     {"reason", "text|null"},
                     {"votes", "map"},
                     {"outcome", "text"},
                     {"quorum", "number"},
                     {"leader", "text|null"},
                     {"checkers", "list"},
                     {"explanation", "list"}});
    CheckVotes(json["votes"]);
    return json;
  };
  const auto explanation = [&] { return shell.Run({"explain", "sessions", "s3"}).out; };
  const auto says = [](const std::string& text, std::string_view part) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  };

  CHECK(explain()["status"] == "alive");
  CHECK(explain()["votes"]["alive"] == 3);
  says(explanation(), "is alive since");
  says(explanation(), "3 votes for alive reach the quorum of 2, which agrees with the status");

  fleet.redis[2]->Kill();
  REQUIRE(fleet.AwaitStatus("sessions", "AAD") == "AAD");
  REQUIRE(fleet.direct.Await([&] { return explain()["votes"]["dead"] == 3; }));
  const Json dead = explain();
  CHECK(dead["status"] == "dead");
  CHECK(dead["reason"] == "refused");
  CHECK(dead["decided"]["dead"] >= 2);
  REQUIRE(dead["checkers"].size() == 3);
  for (const Json& checker : dead["checkers"]) {
    CHECK(checker["vote"] == "dead");
    CHECK(checker["reason"] == "refused");
  }
  says(explanation(), "is dead since");
  says(explanation(), "reason: refused");
  says(explanation(), "3 votes for dead reach the quorum of 2, which agrees with the status");

  // Two of three are gone: the last one sees the server back and cannot flip it by itself.
  fleet.checkers[0]->Kill();
  fleet.checkers[1]->Kill();
  fleet.redis[2]->Start();
  REQUIRE(fleet.direct.Await([&] { return fleet.Voters("sessions") == "c3"; }));
  REQUIRE(fleet.direct.Await([&] { return explain()["votes"]["alive"] == 1; }));
  const Json one_vote = explain();
  CHECK(one_vote["status"] == "dead");
  CHECK(one_vote["outcome"] == "no_quorum");
  says(explanation(), "neither alive nor dead reaches the quorum of 2 (1 short), so it stays dead");
  says(explanation(), "too few ballots: 1 of the 2 that are needed");
  const std::string status = shell.Run({"status", "sessions"}).out;
  says(status, "too few ballots: 1 of the 2 that are needed");
  says(status, "c1 (absent)");

  fleet.checkers[2]->Stop();
  REQUIRE(fleet.direct.Await([&] { return fleet.Candidates("sessions").empty(); }));
  const Json nobody = Ask(shell, {"status", "sessions"});
  CheckStatusShape(nobody);
  CHECK(nobody["leader"].is_null());
  CHECK(nobody["electorate"] == Json({"c1", "c2", "c3"}));
  CHECK(nobody["shards"][2]["status"] == "dead");
  CHECK(Ask(shell, {"checkers", "sessions"}) == Json::array());
  says(explanation(), "no checker is registered: nothing is decided until one is");
}

TEST_CASE("zkctl events --follow: a death appears, Ctrl-C ends it") {
  Fleet fleet;
  const Operator shell(fleet);
  for (const std::string form : {"table", "json", "yaml"}) {
    CAPTURE(form);
    const auto follower = shell.Start({"events", "sessions", "--follow", "-o", form});
    REQUIRE(fleet.direct.Await(
        [&] { return follower->out().find("electorate") != std::string::npos; }));
    const std::size_t before = follower->out().size();
    fleet.redis[0]->Kill();
    REQUIRE(fleet.AwaitStatus("sessions", "DAA") == "DAA");
    CHECK(fleet.direct.Await([&] {
      const std::string news = follower->out().substr(before);
      return news.find("s1") != std::string::npos && news.find("dead") != std::string::npos &&
             news.find("refused") != std::string::npos;
    }));
    // Ctrl-C is its regular end.
    follower->child().Signal(SIGINT);
    CheckDone(follower->Wait());
    fleet.redis[0]->Start();
    REQUIRE(fleet.AwaitStatus("sessions", "AAA", std::chrono::seconds(60)) == "AAA");
  }
  // Without --follow: the same events, in their order.
  const Output output = shell.Run({"events", "sessions", "-o", "json"});
  CheckDone(output);
  std::istringstream lines(output.out);
  std::int64_t last = 0;
  std::string story;
  for (std::string line; std::getline(lines, line);) {
    const Json event = ParseJson(line);
    CheckKeys(event, {{"at", "number"}, {"kind", "text"}, {"leader", "text|null"}});
    CHECK(event["at"] >= last);
    last = event["at"];
    if (event["kind"] != "flips") continue;
    for (const Json& flip : event["flips"]) {
      CheckKeys(flip, {{"shard", "text"}, {"from", "text"}, {"to", "text"}, {"votes", "map"}});
      CheckVotes(flip["votes"]);
      if (flip["shard"] == "s1") story += flip["to"].get<std::string>() + " ";
    }
  }
  CHECK(story == "alive dead alive dead alive dead alive ");
}

TEST_CASE("zkctl -o yaml: says what -o json says, to any reader of YAML") {
  Fleet fleet;
  const Operator shell(fleet);
  fleet.redis[1]->Kill();
  REQUIRE(fleet.AwaitStatus("sessions", "ADA") == "ADA");
  REQUIRE(fleet.direct.Await([&] {
    return Ask(shell, {"status", "sessions"})["shards"][1]["votes"]["dead"] == 3;
  }));
  const Arguments verbs[] = {{"status", "sessions"},
                             {"checkers", "sessions"},
                             {"list"},
                             {"get", "sessions"},
                             {"locate", "sessions", "1", "true", "a: b"}};
  for (const Arguments& verb : verbs) {
    CAPTURE(verb.front());
    Arguments yaml = verb;
    yaml.insert(yaml.end(), {"-o", "yaml"});
    const Output output = shell.Run(yaml);
    CheckDone(output);
    CHECK(JsonOf(YAML::Load(output.out)) == Ask(shell, verb));
  }
}

TEST_CASE("zkctl: tables on a terminal of 100 columns") {
  Fleet fleet;
  const Operator shell(fleet);
  fleet.redis[1]->Kill();
  REQUIRE(fleet.AwaitStatus("sessions", "ADA") == "ADA");
  const Arguments verbs[] = {{"status", "sessions"},
                             {"checkers", "sessions"},
                             {"list"},
                             {"explain", "sessions", "s2"},
                             {"locate", "sessions", "a", "b", "user:1"},
                             {"events", "sessions"},
                             {"get", "sessions"},
                             {"doctor", "sessions"},
                             {"maintenance", "list", "sessions"},
                             {"--help"},
                             {"update", "--help"}};
  CheckDone(shell.Run(
      {"maintenance", "on", "sessions", "s1", "--for", "2h", "--reason", "memory replaced"}));
  const bool show = std::getenv("ZKC_SHOW") != nullptr;  // prints the screens, for a person to read
  for (const Arguments& verb : verbs) {
    CAPTURE(verb.front());
    ZkctlTerminal terminal(verb, shell.variables);
    Output output = terminal.Wait();
    CHECK(output.code == (verb.front() == "doctor" ? 1 : 0));
    if (show) std::fprintf(stderr, "$ zkctl %s\n%s\n", verb.front().c_str(), output.out.c_str());
    CHECK((output.out.find("\x1b[31;1mdead\x1b[0m") != std::string::npos) ==
          (verb.front() == "status" || verb.front() == "explain" || verb.front() == "events"));
    // Colours apart, every line fits, and none ends in a space.
    for (std::size_t at; (at = output.out.find("\x1b[")) != std::string::npos;) {
      output.out.erase(at, output.out.find('m', at) + 1 - at);
    }
    CHECK(output.out.find(" \n") == std::string::npos);
    if (verb.front() == "events") continue;  // lines may wrap
    std::istringstream lines(output.out);
    for (std::string line; std::getline(lines, line);) {
      CHECK_MESSAGE(line.size() <= 100, line);
    }
  }
  // No colours without a terminal.
  Variables plain = shell.variables;
  plain["NO_COLOR"] = "1";
  CHECK(ZkctlTerminal({"status", "sessions"}, plain).Wait().out.find('\x1b') == std::string::npos);
  CHECK(shell.Run({"status", "sessions"}).out.find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_test
