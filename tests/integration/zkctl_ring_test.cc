// zkctl ring: a cluster in ZooKeeper, a file without ZooKeeper, and the keys that a file would
// move; a ketama cluster from a file to ZooKeeper and back.
#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_ring_test {
namespace {

constexpr std::string_view kKetama =
    "name: sessions\n"
    "ring: {type: ketama, hash: md5}\n"
    "shards:\n"
    "  - {name: s1, addr: 'h:1'}\n"
    "  - {name: s2, addr: 'h:2', weight: 3}\n";

TEST_CASE("zkctl ring: a file without ZooKeeper") {
  const Site site;
  const Operator shell(site);
  const Output output = RunZkctl({"ring", "-o", "json", "-f", shell.File("k.yaml", kKetama)});
  CheckDone(output);
  const Json json = ParseJson(output.out);
  CheckKeys(json, {{"cluster", "text"},
                   {"ring", "map"},
                   {"sample_keys", "number"},
                   {"least", "another number"},
                   {"most", "another number"},
                   {"deviation", "another number"},
                   {"shards", "list"}});
  CHECK(json["ring"] == Json({{"type", "ketama"}, {"hash", "md5"}}));
  for (const Json& shard : json["shards"]) {
    CheckKeys(shard, {{"name", "text"},
                      {"weight", "number"},
                      {"points", "number"},
                      {"share", "another number"},
                      {"fair", "another number"},
                      {"keys", "number"}});
  }
  CHECK(json["shards"][1]["points"] == 240);
  CheckRefused(RunZkctl({"ring", "-f", "/nonexistent/x.yaml"}), 65, "/nonexistent/x.yaml");
  CheckRefused(RunZkctl({"ring", "sessions"}), 64, "no ZooKeeper servers");
}

TEST_CASE("zkctl ring: a ketama cluster goes to ZooKeeper and back, and what changes would move") {
  const Site site;
  const Operator shell(site);
  const std::string file = shell.File("k.yaml", kKetama);
  CheckRefused(shell.Run({"ring", "sessions"}), 1, "sessions");
  CheckDone(shell.Run({"apply", "-f", file}));
  CHECK(Ask(shell, {"ring", "sessions"})["shards"] == Ask(shell, {"ring", "-f", file})["shards"]);
  const Json nothing = Ask(shell, {"ring", "sessions", "--after", "-f", file});
  CHECK(nothing["moved_keys"] == 0);
  CHECK(nothing["moves"].empty());

  const std::string larger =
      shell.File("l.yaml", std::string(kKetama) + "  - {name: s3, addr: 'h:3', weight: 4}\n");
  const Json change = Ask(shell, {"ring", "sessions", "--after", "-f", larger});
  CheckKeys(change, {{"cluster", "text"},
                     {"ring", "map"},
                     {"after", "map"},
                     {"sample_keys", "number"},
                     {"moved_keys", "number"},
                     {"moved_share", "another number"},
                     {"moves", "list"}});
  // Half of the weight is new. Some keys move between the others, whose points are counted again.
  CHECK(change["moved_keys"] > 30'000);
  CHECK(change["moved_keys"] < 70'000);
  std::size_t keys = 0;
  for (const Json& move : change["moves"]) {
    CheckKeys(move,
              {{"from", "text"}, {"to", "text"}, {"keys", "number"}, {"share", "another number"}});
    keys += move["keys"].get<std::size_t>();
  }
  CHECK(keys == change["moved_keys"]);

  // `locate` gives the same owners for the cluster's keys.
  const Json located = Ask(shell, {"locate", "sessions", "user:42"});
  CHECK((located[0]["owner"] == "s1" || located[0]["owner"] == "s2"));
  const Output printed = shell.Run({"get", "sessions"});
  CheckDone(printed);
  CHECK(printed.out.find("ring:\n  type: ketama\n  hash: md5\n") != std::string::npos);
  CHECK(printed.out.find("weight: 3}") != std::string::npos);
  CheckDone(shell.Run({"update", "sessions", "--weight", "s1=2"}));
  CHECK(Ask(shell, {"ring", "sessions"})["shards"][0]["weight"] == 2);
  // The other ring knows no weights.
  CheckDone(shell.Run({"update", "sessions", "--ring", "consistent"}));
  CHECK(Ask(shell, {"ring", "sessions"})["ring"] ==
        Json({{"type", "consistent"}, {"points", 160}}));
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_ring_test
