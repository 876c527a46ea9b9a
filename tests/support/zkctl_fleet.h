// Shared by the cases of zkctl's reading verbs: a fleet of three checkers and three servers, and
// checks of the shapes of the JSON forms. Used from the main thread only.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/zkctl_process.h"

namespace zkcluster::integration {

using Json = nlohmann::json;

inline Json ParseJson(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  REQUIRE_MESSAGE(!json.is_discarded(), text);
  return json;
}

// A key and what it may hold: "number", "text|null" ... (an integer from 0 up is a number).
struct Key {
  const char* name;
  const char* type;
};

inline std::string TypeName(const Json& json) {
  if (json.is_null()) return "null";
  if (json.is_boolean()) return "bool";
  if (json.is_number_unsigned()) return "number";
  if (json.is_string()) return "text";
  return json.is_array() ? "list" : json.is_object() ? "map" : "another number";
}

inline void CheckKeys(const Json& json, const std::vector<Key>& keys) {
  REQUIRE_MESSAGE(json.is_object(), json.dump());
  for (const Key& key : keys) {
    CAPTURE(key.name);
    REQUIRE_MESSAGE(json.contains(key.name), json.dump());
    const std::string type = TypeName(json[key.name]);
    CHECK_MESSAGE(("|" + std::string(key.type) + "|").find("|" + type + "|") != std::string::npos,
                  type << " instead of " << key.type << ": " << json.dump());
  }
}

inline void CheckVotes(const Json& votes) {
  CheckKeys(votes, {{"alive", "number"}, {"dead", "number"}, {"unknown", "number"}});
}

inline void CheckStatusShape(const Json& status) {
  CheckKeys(status, {{"cluster", "text"},
                     {"version", "number"},
                     {"leader", "text|null"},
                     {"epoch", "number"},
                     {"quorum", "number"},
                     {"electorate", "list"},
                     {"frozen", "bool"},
                     {"shards", "list"}});
  for (const Json& id : status["electorate"]) CHECK(id.is_string());
  for (const Json& shard : status["shards"]) {
    CheckKeys(shard, {{"name", "text"},
                      {"addr", "text"},
                      {"status", "text"},
                      {"since", "number"},
                      {"reason", "text|null"},
                      {"votes", "map"}});
    CheckVotes(shard["votes"]);
  }
}

// Three checkers watch three servers; all are alive when it returns.
struct Fleet : Site {
  Fleet() {
    AddRedis(3);
    AddCheckers(3);
    Create(SpecOf("sessions"));
    REQUIRE(AwaitStatus("sessions", "AAA") == "AAA");
    REQUIRE(AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
    REQUIRE(AwaitAllVoting(3));
  }
  // Waits until every checker has a vote on every shard of the cluster.
  bool AwaitAllVoting(std::size_t shards);
};

// The output of a verb with -o json.
inline Json Ask(const Operator& shell, Arguments arguments) {
  arguments.insert(arguments.end(), {"-o", "json"});
  const Output output = shell.Run(arguments);
  CheckDone(output);
  return ParseJson(output.out);
}

}  // namespace zkcluster::integration
