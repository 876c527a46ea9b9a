// Changes of clusters through zkctl: from files and by options, refused files with their places,
// questions on a terminal, two operators at once, and a zkctl that is killed at any moment.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>

#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_edit_test {
namespace {

constexpr const char* kFile =
    "name: sessions\n"
    "ring: {type: consistent, points: 40}\n"
    "failover: false\n"
    "checkers: 3\n"
    "quorum: 2\n"
    "probe: {interval: 500ms, timeout: 300ms, threshold: 2s, refused_threshold: 1s, fast_interval: "
    "100ms}\n"
    "shards:\n"
    "  - {name: s1, addr: '10.0.0.1:6379'}\n"
    "  - {name: s2, addr: '[fd00::2]:6379'}\n"
    "  - {name: s3, addr: ':6380'}\n";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Json GetSpec(const Operator& shell, const std::string& name) {
  const Output output = shell.Run({"get", name, "-o", "json"});
  CheckDone(output);
  return ParseJson(output.out);
}

std::string ShardsOf(const Json& spec) {
  std::string text;
  for (const Json& shard : spec["shards"]) {
    text += shard["name"].get<std::string>() + "=" + shard["addr"].get<std::string>() + " ";
  }
  return text;
}

// Every znode below the cluster, or nothing.
std::vector<std::string> Tree(Site& site, const std::string& path) {
  if (!site.direct.Exists(path)) return {};
  std::vector<std::string> all = {path};
  for (const std::string& child : site.direct.Children(path)) {
    const auto below = Tree(site, path + "/" + child);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

TEST_CASE("zkctl: a list of shards that comes near the limit is stored, with a warning") {
  Site site;
  const Operator shell(site);
  const auto text = [](int count) {
    std::string spec = "name: large\nshards:\n";
    for (int i = 0; i < count; ++i) {
      spec += "  - {name: s" + std::to_string(i) + std::string(150, 'x') + ", addr: '10.0." +
              std::to_string(i / 200) + "." + std::to_string(i % 200) + ":6379'}\n";
    }
    return spec;
  };
  const Output created = shell.Run({"create", "large", "-f", shell.File("few.yaml", text(3'000))});
  CheckDone(created);
  CHECK(created.err.empty());
  for (const char* verb : {"apply", "update"}) {
    const int count = verb == std::string("apply") ? 3'800 : 3'900;
    std::vector<std::string> words = {verb, "-f", shell.File("many.yaml", text(count))};
    if (verb == std::string("update")) words.insert(words.begin() + 1, "large");
    const Output grown = shell.Run(words);
    CHECK(grown.code == 0);
    CHECK(grown.err.find("zkctl: warning: large: the list of shards takes 7") == 0);
    CHECK(grown.err.find("% of the 1000000 there can be") != std::string::npos);
  }
}

TEST_CASE("zkctl: a cluster's life, from files") {
  Site site;
  const Operator shell(site);
  const std::string file = shell.File("sessions.yaml", kFile);

  CheckRefused(shell.Run({"get", "sessions"}), 1, "no cluster \"sessions\"");
  CheckRefused(shell.Run({"update", "sessions", "-f", file}), 1, "no cluster \"sessions\"");
  CheckRefused(shell.Run({"delete", "sessions", "--yes"}), 1, "no cluster \"sessions\"");
  CheckDone(shell.Run({"list"}));

  const Output created = shell.Run({"create", "sessions", "-f", file, "-o", "json"});
  CheckDone(created);
  const Json receipt = ParseJson(created.out);
  CHECK(receipt["cluster"] == "sessions");
  CHECK(receipt["action"] == "created");
  const Json spec = GetSpec(shell, "sessions");
  CHECK(spec == Json{{"name", "sessions"},
                     {"version", receipt["version"]},
                     {"ring", {{"type", "consistent"}, {"points", 40}}},
                     {"failover", false},
                     {"checkers", 3},
                     {"quorum", 2},
                     {"probe",
                      {{"interval", "500ms"},
                       {"timeout", "300ms"},
                       {"threshold", "2s"},
                       {"refused_threshold", "1s"},
                       {"fast_interval", "100ms"}}},
                     {"shards",
                      {{{"name", "s1"}, {"addr", "10.0.0.1:6379"}},
                       {{"name", "s2"}, {"addr", "[fd00::2]:6379"}},
                       {{"name", "s3"}, {"addr", ":6380"}}}}});
  CheckRefused(shell.Run({"create", "sessions", "-f", file}), 1, "exists already");

  // Equal, by file and by what `get` prints, in both forms, also from standard input.
  const Output equal = shell.Run({"diff", "sessions", "-f", file});
  CheckDone(equal);
  for (const char* form : {"table", "json", "yaml"}) {
    CAPTURE(form);
    const Output printed = shell.Run({"get", "sessions", "-o", form});
    CheckDone(printed);
    CheckDone(shell.Run({"diff", "sessions", "-f", "-"}, printed.out));
    const Output applied = shell.Run({"apply", "-f", "-", "-o", "json"}, printed.out);
    CheckDone(applied);
    CHECK(ParseJson(applied.out)["action"] == "unchanged");
    CHECK(ParseJson(applied.out)["version"] == receipt["version"]);
  }

  // Different: shown by diff with exit code 1, made by apply.
  std::string changed = Replaced(kFile, "quorum: 2", "quorum: 3");
  changed = Replaced(changed, "10.0.0.1", "10.0.0.9");
  changed = Replaced(changed, "name: s3, addr: ':6380'", "name: s4, addr: 'redis-4:6379'");
  const std::string other = shell.File("other.yaml", changed);
  const Output differs = shell.Run({"diff", "sessions", "-f", other});
  CHECK(differs.code == 1);
  CHECK(differs.err.empty());
  CHECK(differs.out ==
        "~ quorum: 2 -> 3\n"
        "- shard s3 :6380\n"
        "~ shard s1: 10.0.0.1:6379 -> 10.0.0.9:6379\n"
        "+ shard s4 redis-4:6379\n");
  const Output differs_json = shell.Run({"diff", "sessions", "-f", other, "-o", "json"});
  CHECK(differs_json.code == 1);
  const Json diff = ParseJson(differs_json.out);
  CHECK(diff["equal"] == false);
  CHECK(diff["added"] == Json::array({{{"name", "s4"}, {"addr", "redis-4:6379"}}}));
  CHECK(diff["removed"] == Json::array({{{"name", "s3"}, {"addr", ":6380"}}}));
  CHECK(GetSpec(shell, "sessions") == spec);

  CheckRefused(shell.Run({"apply", "-f", other}), 1, "needs --yes; nothing was done");
  CHECK(GetSpec(shell, "sessions") == spec);
  CheckDone(shell.Run({"apply", "-f", other, "--yes"}));
  const Json applied = GetSpec(shell, "sessions");
  CHECK(ShardsOf(applied) == "s1=10.0.0.9:6379 s2=[fd00::2]:6379 s4=redis-4:6379 ");
  CHECK(applied["version"] > spec["version"]);
  CheckDone(shell.Run({"update", "sessions", "-f", file, "--yes"}));
  CHECK(ShardsOf(GetSpec(shell, "sessions")) == ShardsOf(spec));

  CheckRefused(shell.Run({"delete", "sessions"}), 1, "needs --yes; nothing was done");
  CHECK(GetSpec(shell, "sessions")["shards"].size() == 3);
  CheckDone(shell.Run({"delete", "sessions", "--yes"}));
  CHECK(Tree(site, site.Paths("sessions").base()).empty());
  CheckDone(shell.Run({"apply", "-f", file}));
  CHECK(ShardsOf(GetSpec(shell, "sessions")) == ShardsOf(spec));
}

TEST_CASE("zkctl: a cluster's life, by options") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "web", "--shard", "s1=10.0.0.1:6379", "--shard=s2=10.0.0.2:6379",
                       "--ring", "consistent", "--points", "80", "--no-failover", "--checkers", "3",
                       "--probe", "interval=700ms"}));
  Json spec = GetSpec(shell, "web");
  CHECK(ShardsOf(spec) == "s1=10.0.0.1:6379 s2=10.0.0.2:6379 ");
  CHECK(spec["ring"] == Json{{"type", "consistent"}, {"points", 80}});
  CHECK(spec["failover"] == false);
  CHECK(spec["checkers"] == 3);
  CHECK(spec["probe"] == Json{{"interval", "700ms"}});
  CHECK(!spec.contains("quorum"));

  CheckDone(shell.Run({"update", "web", "--add-shard", "s3=10.0.0.3:6379", "--set-addr",
                       "s1=10.1.0.1:6379", "--failover", "--quorum", "2", "--points", "160",
                       "--probe", "timeout=200ms", "--probe", "interval=none"}));
  spec = GetSpec(shell, "web");
  CHECK(ShardsOf(spec) == "s1=10.1.0.1:6379 s2=10.0.0.2:6379 s3=10.0.0.3:6379 ");
  CHECK(spec["failover"] == true);
  CHECK(spec["quorum"] == 2);
  CHECK(spec["ring"]["points"] == 160);
  CHECK(spec["probe"] == Json{{"timeout", "200ms"}});

  CheckRefused(shell.Run({"update", "web", "--remove-shard", "s2"}), 1, "removes 1 shard of the 3");
  CheckDone(shell.Run({"update", "web", "--remove-shard", "s2", "--checkers", "none", "--quorum",
                       "none", "--yes"}));
  spec = GetSpec(shell, "web");
  CHECK(ShardsOf(spec) == "s1=10.1.0.1:6379 s3=10.0.0.3:6379 ");
  CHECK(!spec.contains("checkers"));

  const struct {
    Arguments arguments;
    const char* part;
  } kRefusals[] = {
      {{"--add-shard", "s1=h:1"}, "exists already"},
      {{"--add-shard", "s9=10.0.0.3:6379"}, "10.0.0.3:6379"},  // the address of s3
      {{"--remove-shard", "s9", "--yes"}, "no shard \"s9\" to remove"},
      {{"--remove-shard", "s1", "--remove-shard", "s3", "--yes"}, "shard"},
      {{"--set-addr", "s9=h:1"}, "no shard \"s9\" to move"},
      {{"--checkers", "1", "--quorum", "2"}, "quorum"},
      {{"--add-shard", "s9=h:1", "--add-shard", "s9=h:2"}, "shard \"s9\" is given twice"},
  };
  for (const auto& row : kRefusals) {
    Arguments arguments = {"update", "web"};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    CheckRefused(shell.Run(arguments), 1, row.part);
  }
  CHECK(GetSpec(shell, "web") == spec);
}

TEST_CASE("zkctl history, diff --from, undo: who changed what, and back") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "web", "--shard", "s1=10.0.0.1:6379", "--shard=s2=10.0.0.2:6379",
                       "--shard=s3=10.0.0.3:6379"}));
  const Json first = GetSpec(shell, "web");
  CheckRefused(shell.Run({"undo", "web"}), 1, "does not remember what version");
  CheckDone(shell.Run({"update", "web", "--set-addr", "s1=10.0.0.1:6399", "--remove-shard", "s2",
                       "--yes", "--reason", "move"}));
  CheckDone(shell.Run({"update", "web", "--quorum", "2"}));
  const Output listed = shell.Run({"history", "web", "-o", "json"});
  CheckDone(listed);
  const Json history = ParseJson(listed.out);
  REQUIRE(history.size() == 3);
  CHECK(history[0]["version"] == first["version"]);
  CHECK(history[1]["changes"] == Json{"s2 removed", "s1 10.0.0.1:6379 -> 10.0.0.1:6399"});
  CHECK(history[1]["reason"] == "move");
  CHECK(history[1]["by"].get<std::string>().find('@') != std::string::npos);
  CHECK(history[2]["current"] == true);
  const std::string version = std::to_string(first["version"].get<std::uint64_t>());

  const Output changed = shell.Run({"diff", "web", "--from", version});
  CHECK(changed.code == 1);
  for (const char* const line :
       {"~ quorum: none -> 2", "- shard s2", "~ shard s1: 10.0.0.1:6379 -> 10.0.0.1:6399"}) {
    CHECK_MESSAGE(changed.out.find(line) != std::string::npos, changed.out);
  }
  CheckRefused(shell.Run({"diff", "web", "--from", "7"}), 1, "the journal has no version 7");
  CheckRefused(shell.Run({"diff", "web", "--from", "x"}), 64, "expected a version such as");
  CheckRefused(shell.Run({"explain", "web", "s2"}), 1, "removed it");

  CheckDone(shell.Run({"undo", "web", "--yes"}));
  CHECK(!GetSpec(shell, "web").contains("quorum"));
  CheckDone(shell.Run({"undo", "web", "--to", version, "--yes"}));
  CHECK(GetSpec(shell, "web")["shards"] == first["shards"]);
  CHECK(shell.Run({"diff", "web", "--from", version}).code == 0);
  // An undo is a change as any other.
  CheckRefused(shell.Run({"undo", "web"}), 1, "removes 1 shard of the 3");
  CheckDone(shell.Run({"undo", "web", "--yes"}));
  CHECK(ShardsOf(GetSpec(shell, "web")) == "s1=10.0.0.1:6399 s3=10.0.0.3:6379 ");
}

TEST_CASE("zkctl: refused files are reported with file, line and column") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "s1=10.0.0.1:6379"}));
  const Json before = GetSpec(shell, "sessions");
  std::string oversized = "name: sessions\nshards:\n";
  for (int i = 0; i < 24'000; ++i) {
    const std::string number = std::to_string(i);
    oversized += "  - {name: shard-" + number + ", addr: 'host-" + number + ":6379'}\n";
  }
  const struct {
    std::string text;
    const char* place;
    const char* part;
  } kRows[] = {
      {Replaced(kFile, "failover", "failovr"), "3:1", "did you mean \"failover\"?"},
      {Replaced(kFile, "quorum: 2", "checkers: 4"), "5:1", "duplicate key"},
      {Replaced(kFile, "name: s2", "name: s1"), "9:12", "duplicate shard name \"s1\""},
      {Replaced(kFile, "[fd00::2]:6379", "10.0.0.1:6379"), "9:22", "duplicate address"},
      {"name: sessions\nshards: []\n", "2:9", "at least one shard"},
      {"name: sessions\n", "1:1", "at least one shard"},
      {Replaced(kFile, "points: 40", "points: 0"), "2:34", "from 1 to 10000, not 0"},
      {Replaced(kFile, "10.0.0.1:6379", "10.0.0.1"), "8:22", "10.0.0.1"},
      {Replaced(kFile, "10.0.0.1:6379", "10.0.0.1:70000"), "8:22", "70000"},
      {Replaced(kFile, "quorum: 2", "quorum: 4"), "5:9", "more than the 3 checkers"},
      {Replaced(kFile, "name: sessions", "name: a/b"), "1:7", "contains '/'"},
      {Replaced(kFile, "type: consistent", "type: chord"), "2:14", "expected one of consistent"},
      {Replaced(kFile, "failover: false", "failover: maybe"), "3:11", "failover"},
      {Replaced(kFile, "interval: 500ms", "interval: soon"), "6:19", "500ms"},
      {oversized, "3:3", "bytes of JSON"},
      {"", "1:1", "empty"},
      {"name: [\n", "2:1", ""},
      {"name: \"\x1b[31mred\"\nshards: [{name: s, addr: 'h:1'}]\n", "1:", ""},
      {"\"\\e[31m\": 1\nname: a\nshards: [{name: s, addr: 'h:1'}]\n", "1:1", "unknown key"},
      {"name: \"\\e[31mred\"\nshards: [{name: s, addr: 'h:1'}]\n", "1:7", "name"},
      {"name: a\nshards: [{name: s, addr: \"\\e[31m\"}]\n", "2:", "addr"},
      {"name: a\nfailover: \"\\e[31m\"\nshards: [{name: s, addr: 'h:1'}]\n", "2:11", "failover"},
  };
  int number = 0;
  for (const auto& row : kRows) {
    const std::string file = shell.File("spec" + std::to_string(++number) + ".yaml", row.text);
    const Output output = shell.Run({"apply", "-f", file});
    CAPTURE(file);
    CheckRefused(output, 65, row.part);
    CHECK_MESSAGE(output.err.starts_with(file + ":" + row.place), output.err);
    CHECK(output.err.find('\x1b') == std::string::npos);
  }
  // Every verb that reads a file says the same; a file that cannot be read is a bad file too.
  const std::string bad = shell.File("bad.yaml", Replaced(kFile, "points: 40", "points: 0"));
  const std::string gone = shell.File("gone", "") + "/not/here.yaml";
  for (const Arguments& verb : {Arguments{"create", "sessions"}, Arguments{"update", "sessions"},
                                Arguments{"diff", "sessions"}, Arguments{"apply"}}) {
    for (const std::string& file : {bad, gone}) {
      Arguments arguments = verb;
      arguments.insert(arguments.end(), {"-f", file});
      CheckRefused(shell.Run(arguments), 65, file);
    }
  }
  const std::string another = shell.File("another.yaml", kFile);
  CheckRefused(shell.Run({"update", "web", "-f", another}), 65, "another.yaml:1:7: name: is");
  // Many problems: one a line, each with its place, and the name of standard input.
  const Output many = shell.Run(
      {"apply", "-f", "-"},
      Replaced(Replaced(kFile, "points: 40", "points: 0"), "failover: false", "failover: maybe"));
  CHECK(many.code == 65);
  CHECK(many.out.empty());
  CHECK(std::count(many.err.begin(), many.err.end(), '\n') == 2);
  CHECK(many.err.starts_with("(standard input):2:34: "));
  CHECK(many.err.find("\n(standard input):3:11: ") != std::string::npos);
  CHECK(GetSpec(shell, "sessions") == before);
}

TEST_CASE("zkctl: usage, help, and where ZooKeeper is") {
  const struct {
    Arguments arguments;
    const char* part;
  } kUsage[] = {
      {{}, "a verb is missing"},
      {{"lst", "--zk", "h:1"}, "did you mean \"list\"?"},
      {{"list"}, "ZKCTL_ZK"},
      {{"list", "--zk", ":::"}, "--zk"},
      {{"list", "--zk", "h:1", "--root", "no"}, "--root"},
      {{"list", "--zk", "h:1", "-o", "xml"}, "table, json or yaml"},
      {{"list", "--zk", "h:1", "--timeout", "soon"}, "--timeout"},
      {{"list", "--zk", "h:1", "--shard", "a=h:1"}, "not an option of list"},
      {{"list", "--zk", "h:1", "--nonsense"}, "nonsense"},
      {{"list", "--zk", "h:1", "more"}, "usage: zkctl list"},
      {{"get", "--zk", "h:1"}, "usage: zkctl get NAME"},
      {{"get", "a/b", "--zk", "h:1"}, "contains '/'"},
      {{"locate", "a", "--zk", "h:1"}, "usage: zkctl locate NAME KEY..."},
      {{"create", "a", "--zk", "h:1"}, "create needs -f FILE or at least one --shard"},
      {{"create", "a", "--zk", "h:1", "--shard", "s1"}, "--shard"},
      {{"create", "a", "--zk", "h:1", "--shard", "s1=h:0"}, "--shard"},
      {{"create", "a", "--zk", "h:1", "--shard", "s1=h:1", "--points", "0"}, "--points"},
      {{"update", "a", "--zk", "h:1"}, "update needs"},
      {{"update", "a", "--zk", "h:1", "-f", "x", "--points", "3"}, "not both"},
      {{"apply", "--zk", "h:1"}, "apply needs -f FILE"},
      {{"update", "a", "--zk", "h:1", "--failover", "--no-failover"}, "contradict"},
  };
  for (const auto& row : kUsage) CheckRefused(RunZkctl(row.arguments), 64, row.part);

  CheckDone(RunZkctl({"--version"}));
  CheckDone(RunZkctl({"--help"}));
  for (const std::string verb : {"create", "update", "delete", "apply", "diff", "get", "list",
                                 "status", "checkers", "locate", "events", "explain"}) {
    const Output help = RunZkctl({verb, "--help"});
    CheckDone(help);
    CHECK_MESSAGE(help.out.starts_with("usage: zkctl " + verb), help.out);
    CHECK(RunZkctl({"--help"}).out.find("\n  " + verb + " ") != std::string::npos);
  }

  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "s1=10.0.0.1:6379"}));
  const std::string here = site.zookeeper.address();
  const std::string nowhere = "127.0.0.1:" + std::to_string(sandbox::FreePort());
  // Before the verb, behind it, from the environment; an option wins over the environment.
  for (const Arguments& arguments :
       {Arguments{"--zk", here, "--root", site.root, "-o", "json", "list"},
        Arguments{"list", "-o", "json", "--root=" + site.root, "--zk=" + here},
        Arguments{"--zk", nowhere + "," + here, "list", "--root", site.root, "--output", "json"}}) {
    const Output output = RunZkctl(arguments);
    CheckDone(output);
    CHECK(ParseJson(output.out)[0]["name"] == "sessions");
  }
  CheckDone(shell.Run({"list", "--root", "/nothing/here"}));
  Operator lost = shell;
  lost.variables["ZKCTL_ZK"] = nowhere;
  CheckDone(lost.Run({"status", "sessions", "--zk", here}));
  CheckRefused(shell.Run({"status", "other"}), 1, "no cluster \"other\"");
  CheckRefused(shell.Run({"explain", "sessions", "s9"}), 1, "has no shard \"s9\"");

  // No listener, and a listener that never answers.
  const std::string file = shell.File("sessions.yaml", kFile);
  const Arguments every[] = {{"create", "sessions", "-f", file},
                             {"update", "sessions", "--points", "3"},
                             {"delete", "sessions", "--yes"},
                             {"apply", "-f", file},
                             {"diff", "sessions", "-f", file},
                             {"get", "sessions"},
                             {"list"},
                             {"status", "sessions"},
                             {"checkers", "sessions"},
                             {"locate", "sessions", "key"},
                             {"events", "sessions"},
                             {"events", "sessions", "--follow"},
                             {"explain", "sessions", "s1"}};
  for (Arguments arguments : every) {
    CAPTURE(arguments.front());
    arguments.insert(arguments.end(), {"--timeout", "200ms"});
    CheckRefused(lost.Run(arguments), 69, "ZooKeeper");
  }
  site.zookeeper.Pause();
  CheckRefused(shell.Run({"list", "--timeout", "300ms"}), 69, "ZooKeeper");
  CheckRefused(shell.Run({"delete", "sessions", "--yes", "--timeout", "300ms"}), 69, "ZooKeeper");
  site.zookeeper.Resume();
  CheckDone(shell.Run({"get", "sessions"}));
}

TEST_CASE("zkctl: odd roots and names") {
  Site site;
  const Operator shell(site);
  for (const std::string& root : {site.root + "/a/b/c", site.root + "/d e"}) {
    CAPTURE(root);
    for (const std::string name : {"web", "caf\u00e9 1", "-x", "yes", "\u732b"}) {
      CAPTURE(name);
      CheckDone(shell.Run({"create", "--root", root, "--shard", "a=b=h:1", "--", name}));
      const Output got = shell.Run({"get", "--root", root, "--", name});
      CheckDone(got);
      CheckDone(shell.Run({"apply", "--root", root, "-f", "-"}, got.out));
    }
    const Output list = shell.Run({"list", "--root", root, "-o", "json"});
    CheckDone(list);
    CHECK(ParseJson(list.out).size() == 5);
    CheckDone(shell.Run({"list", "--root", root}));
  }
  // What `get` prints is a file for a cluster that is gone, too.
  const std::string saved = shell.Run({"get", "web", "--root", site.root + "/d e"}).out;
  CheckDone(shell.Run({"delete", "web", "--root", site.root + "/d e", "--yes"}));
  CheckDone(shell.Run({"apply", "-f", "-", "--root", site.root + "/d e"}, saved));
}

TEST_CASE("zkctl: output that cannot be written is an error") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "s1=h:1"}));
  for (const std::string verb : {"get sessions", "list", "status sessions -o json", "--help"}) {
    CAPTURE(verb);
    const sandbox::TempFolder folder("zkc-full");
    sandbox::SpawnOptions options;
    options.command = {"/bin/sh", "-c", "exec \"$ZKC_ZKCTL\" " + verb + " >/dev/full"};
    options.environment = shell.variables;
    options.output = folder.path() / "err";
    sandbox::ChildProcess process(options);
    REQUIRE(process.Wait(kLimit).has_value());
    CHECK(process.exit_status()->code == 1);
    CHECK(sandbox::ReadFile(options.output) ==
          "zkctl: cannot write the answer: No space left on device\n");
  }
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_edit_test
