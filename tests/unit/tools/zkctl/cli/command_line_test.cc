#include "tools/zkctl/cli/command_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tools/zkctl/cli/edits.h"
#include "tools/zkctl/verbs/edit.h"
#include "tools/zkctl/verbs/maintenance.h"
#include "tools/zkctl/verbs/order.h"
#include "tools/zkctl/verbs/read.h"
#include "tools/zkctl/verbs/ring.h"
#include "tools/zkctl/verbs/table.h"

namespace command_line_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;
using namespace std::chrono_literals;

namespace {

const Environment kEnvironment{"zk:2181", ""};

using Arguments = std::vector<std::string>;

CommandLine ParseIn(const Arguments& arguments, const Environment& environment) {
  auto line = ParseCommandLine(arguments, environment, AllVerbs());
  REQUIRE_MESSAGE(line.has_value(), line.error().message);
  return *std::move(line);
}
CommandLine Parse(const Arguments& arguments) {
  return ParseIn(arguments, kEnvironment);
}

// The parsed options of the verb.
template <class Options>
const Options& Of(const CommandLine& line) {
  return dynamic_cast<const UseOf<Options>&>(*line.use).options();
}
template <class Options>
Options Parse(const Arguments& arguments) {
  return Of<Options>(Parse(arguments));
}

// The new value of one setting; the test fails where it is not edited once.
SettingValue EditOf(const SpecEdits& edits, std::string_view key) {
  std::vector<SettingValue> found;
  for (const SettingEdit& edit : edits.settings) {
    if (edit.setting->key == key) found.push_back(edit.value);
  }
  REQUIRE(found.size() == 1);
  return found.front();
}
bool IsEdited(const SpecEdits& edits, std::string_view key) {
  return std::ranges::any_of(edits.settings,
                             [&](const auto& edit) { return edit.setting->key == key; });
}
SettingEdit Edited(std::string_view key, const SettingValue& value) {
  return {FindSetting(key), value};
}

std::string ErrorOf(const std::vector<std::string>& arguments, const Environment& environment) {
  const auto line = ParseCommandLine(arguments, environment, AllVerbs());
  if (line) return "(accepted)";
  CHECK(line.error().code == ErrorCode::kInvalid);
  return line.error().message;
}

ClusterSpec Spec() {
  ClusterSpec spec;
  spec.name = std::string("a");  // g++ 12 warns of an overlap that cannot be
  spec.checkers = 3;
  spec.shards = {{"s1", "h1:1"}, {"s2", "h2:1"}, {"s3", "h3:1"}};
  return spec;
}

}  // namespace

TEST_CASE("command line: options before and after the verb are the same") {
  const CommandLine before = Parse({"--zk", "h:1", "-o", "json", "status", "sessions"});
  const CommandLine after = Parse({"status", "sessions", "--zk=h:1", "--output=json"});
  CHECK(before.verb == "status");
  CHECK(Of<StatusOptions>(before).cluster == "sessions");
  CHECK(before.globals.zookeeper == "h:1");
  CHECK(before.globals.output == OutputForm::kJson);
  CHECK(after.verb == before.verb);
  CHECK(Of<StatusOptions>(after).cluster == "sessions");
  CHECK(after.globals.zookeeper == before.globals.zookeeper);
  CHECK(after.globals.output == before.globals.output);
  CHECK(Parse<ApplyOptions>({"-f", "x.yaml", "apply"}).file == "x.yaml");
}

TEST_CASE("command line: the environment speaks where the options are silent") {
  const CommandLine line = ParseIn({"list"}, {"zk9:1", "/fleet", ""});
  CHECK(line.globals.zookeeper == "zk9:1");
  CHECK(line.globals.root == "/fleet");
  const CommandLine given =
      ParseIn({"list", "--zk", "h:1", "--root", "/r"}, {"zk9:1", "/fleet", ""});
  CHECK(given.globals.zookeeper == "h:1");
  CHECK(given.globals.root == "/r");
  CHECK(Parse({"list"}).globals.root == "/goreclusters");
  CHECK(Parse({"list", "--timeout", "250ms"}).globals.timeout == Duration(250ms));
}

TEST_CASE("command line: the options of create and update") {
  const auto create = Parse<CreateOptions>({"create", "a", "--shard", "s1=10.0.0.1:6379", "--shard",
                                            "x=y=[::1]:6379", "--ring", "consistent", "--points",
                                            "160", "--no-failover", "--checkers", "3"});
  CHECK(create.edits.add_shards ==
        std::vector<ShardSpec>{{"s1", "10.0.0.1:6379"}, {"x=y", "[::1]:6379"}});
  CHECK(create.edits.points == 160);
  CHECK(EditOf(create.edits, "failover") == SettingValue(false));
  CHECK(EditOf(create.edits, "checkers") == SettingValue(std::int64_t{3}));

  const auto update = Parse<UpdateOptions>(
      {"update", "a", "--remove-shard", "s1", "--set-addr", "s2=h:2", "--quorum", "none", "--probe",
       "interval=500ms", "--probe", "timeout=none", "--yes", "--failover"});
  CHECK(update.change.yes);
  CHECK(update.edits.remove_shards == std::vector<std::string>{"s1"});
  CHECK(update.edits.set_addresses == std::vector<ShardSpec>{{"s2", "h:2"}});
  CHECK(EditOf(update.edits, "quorum") == SettingValue());
  CHECK_FALSE(IsEdited(update.edits, "checkers"));
  CHECK(EditOf(update.edits, "failover") == SettingValue(true));
  CHECK(EditOf(update.edits, "probe.interval") == SettingValue(Duration(500ms)));
  CHECK(EditOf(update.edits, "probe.timeout") == SettingValue());
  CHECK(update.edits.settings.size() == 4);
}

TEST_CASE("command line: the settings of freeze and racks, and none of them") {
  const auto create = Parse<CreateOptions>(
      {"create", "a", "--shard", "s1=h:1", "--min-racks", "2", "--max-dead-fraction", "0.5"});
  CHECK(EditOf(create.edits, "min_racks") == SettingValue(std::int64_t{2}));
  CHECK(EditOf(create.edits, "max_dead_fraction") == SettingValue(0.5));
  const auto update =
      Parse<UpdateOptions>({"update", "a", "--min-racks", "none", "--max-dead-fraction", "none"});
  ClusterSpec spec = Spec();
  spec.min_racks = 2;
  spec.max_dead_fraction = 0.5;
  CHECK(*ApplyEdits(spec, update.edits) == Spec());
  CHECK(*ApplyEdits(Spec(), {}) == Spec());
}

TEST_CASE("command line: a ketama ring, its hash and weights") {
  const auto create =
      Parse<CreateOptions>({"create", "a", "--shard", "s1=h:1", "--ring", "ketama", "--hash", "md5",
                            "--weight", "s1=3", "--weight", "x=y=2"});
  CHECK(create.edits.ring == RingType::kKetama);
  CHECK(create.edits.hash == RingHash::kMd5);
  CHECK(create.edits.weights == std::vector<std::pair<std::string, int>>{{"s1", 3}, {"x=y", 2}});

  // The other ring's settings do not remain.
  ClusterSpec spec = Spec();
  spec.ring = ConsistentRing{40};
  spec = *ApplyEdits(
      spec, Parse<UpdateOptions>({"update", "a", "--ring", "ketama", "--weight", "s2=9"}).edits);
  CHECK(spec.ring == RingSpec(KetamaRing{}));
  CHECK(spec.shards[1].weight == 9);
  CHECK(Validate(spec).has_value());
  spec = *ApplyEdits(
      spec, Parse<UpdateOptions>({"update", "a", "--ring", "ketama", "--hash", "md5"}).edits);
  CHECK(spec.shards[1].weight == 9);
  spec = *ApplyEdits(spec, Parse<UpdateOptions>({"update", "a", "--ring", "consistent"}).edits);
  CHECK(spec == Spec());
  const auto unknown =
      ApplyEdits(spec, Parse<UpdateOptions>({"update", "a", "--weight", "s9=2"}).edits);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == ErrorCode::kNotFound);
}

TEST_CASE("command line: what a type of ring has not is refused, unless it is as it always is") {
  const auto apply = [](ClusterSpec spec, const Arguments& options) {
    Arguments arguments = {"update", "a"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return ApplyEdits(std::move(spec), Parse<UpdateOptions>(arguments).edits);
  };
  ClusterSpec ketama = Spec();
  ketama.ring = KetamaRing{};
  CHECK(*apply(ketama, {"--points", "160"}) == ketama);
  CHECK(*apply(Spec(), {"--hash", "fnv1a_64"}) == Spec());
  CHECK(apply(ketama, {"--points", "100"}).error().message ==
        "ring.points: a ketama ring always has 160 for a shard of mean weight: leave this out");
  CHECK(apply(Spec(), {"--hash", "md5"}).error().message ==
        "ring.hash: only a ring of type ketama has a choice of hash");
  CHECK(apply(Spec(), {"--hash", "md5"}).error().code == ErrorCode::kInvalid);
}

TEST_CASE("command line: a ring of a cluster, of a file without ZooKeeper, of both") {
  CHECK(Parse<RingOptions>({"ring", "a"}).cluster == "a");
  CHECK(Of<RingOptions>(ParseIn({"ring", "-f", "x.yaml"}, {})).file == "x.yaml");
  const auto both = Parse<RingOptions>({"ring", "a", "--after", "-f", "x.yaml"});
  CHECK(both.after);
  CHECK(both.file == "x.yaml");
  CHECK(ErrorOf({"ring", "a"}, {}).find("no ZooKeeper servers:") == 0);
}

TEST_CASE("command line: identities, and access to new znodes") {
  CHECK(Parse({"list"}).globals.access.empty());
  CHECK_FALSE(Parse({"list"}).globals.restricted);
  const CommandLine given = Parse({"init", "--access", "f"});
  CHECK(given.globals.access == "f");
  CHECK(given.globals.restricted);
  CHECK_FALSE(Parse({"init", "--access", "f", "--acl", "open"}).globals.restricted);
  const CommandLine environed = ParseIn({"list"}, {"zk:2181", "", "e"});
  CHECK(environed.globals.access == "e");
  CHECK(environed.globals.restricted);
  // Nobody asks ZooKeeper.
  CHECK(ParseCommandLine({"access", "--access", "f"}, {}, AllVerbs()).has_value());
}

TEST_CASE("command line: orders") {
  const auto pause =
      Parse<PauseOptions>({"pause", "a", "--for", "30m", "--reason", "switch in rack 7 replaced"});
  CHECK(pause.order.length == Duration(30min));
  CHECK(pause.order.reason == "switch in rack 7 replaced");
  CHECK(Parse<PauseOptions>({"pause", "a", "--reason", "x"}).order.length == Duration(0));
  CHECK(Parse<UnfreezeOptions>({"unfreeze", "a", "--accept"}).accept);
  CHECK_FALSE(Parse<UnfreezeOptions>({"unfreeze", "a"}).accept);
  CHECK(Parse({"resume", "a"}).verb == "resume");
}

TEST_CASE("command line: checkers of a cluster, of one named forget, and one to forget") {
  const CommandLine forget = Parse({"checkers", "forget", "a", "c4", "--yes"});
  CHECK(forget.verb == "checkers forget");
  CHECK(Of<ForgetOptions>(forget).cluster == "a");
  CHECK(Of<ForgetOptions>(forget).id == "c4");
  CHECK(Of<ForgetOptions>(forget).yes);
  CHECK(Parse<ClusterOperand>({"checkers", "a"}).cluster == "a");
  const CommandLine named = Parse({"checkers", "forget"});
  CHECK(named.verb == "checkers");
  CHECK(Of<ClusterOperand>(named).cluster == "forget");
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"checkers", "forget", "--help"}, {"help", "checkers", "forget"}}) {
    CHECK(Parse(arguments).verb == "checkers forget");
  }
  CHECK(HelpText(AllVerbs(), "checkers forget").find("zkctl checkers forget NAME ID [options]") !=
        std::string::npos);
  CHECK(HelpText(AllVerbs(), "").find("  checkers forget   remove a retired checker") !=
        std::string::npos);
  std::istringstream lines(HelpText(AllVerbs(), "") + HelpText(AllVerbs(), "update"));
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 100);
  }
}

TEST_CASE("command line: maintenance is of some shards, of a host, or ends for all") {
  const CommandLine on =
      Parse({"maintenance", "on", "a", "s1", "s2", "--reason", "memory", "--for", "2h"});
  CHECK(on.verb == "maintenance on");
  CHECK(Of<MaintenanceOnOptions>(on).cluster == "a");
  CHECK(Of<MaintenanceOnOptions>(on).shards.names == std::vector<std::string>{"s1", "s2"});
  CHECK(Of<MaintenanceOnOptions>(on).order.length == std::chrono::hours(2));
  CHECK(Parse<MaintenanceOnOptions>({"maintenance", "on", "a", "--host", "h", "--reason", "x"})
            .shards.host == "h");
  CHECK(Parse<MaintenanceOffOptions>({"maintenance", "off", "a", "--all"}).shards.all);
  CHECK(Parse({"maintenance", "list", "a"}).verb == "maintenance list");
  CHECK(HelpText(AllVerbs(), "maintenance").find("maintenance off") != std::string::npos);
  CHECK(HelpText(AllVerbs(), "maintenance").find("unfreeze") == std::string::npos);
  CHECK(Parse<StatusOptions>({"status", "-w", "a"}).watch);
  CHECK_FALSE(Parse({"list"}).globals.timeout_given);
  CHECK(Parse({"list", "--timeout", "10s"}).globals.timeout_given);
}

TEST_CASE("command line: keys may be anything, also in the form of an option") {
  const auto locate = Parse<LocateOptions>({"locate", "a", "k1", "k 2", "--", "-x", "--zk"});
  CHECK(locate.cluster == "a");
  CHECK(locate.keys == std::vector<std::string>{"k1", "k 2", "-x", "--zk"});
}

TEST_CASE("command line: help and version need nothing else") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"help"}, {"update", "--help"}, {"help", "update"}}) {
    const auto line = ParseCommandLine(arguments, {}, AllVerbs());
    REQUIRE_MESSAGE(line.has_value(), line.error().message);
    CHECK(line->help);
    CHECK(line->verb == (arguments.size() > 1 ? "update" : ""));
  }
  const auto version = ParseCommandLine({"--version"}, {}, AllVerbs());
  REQUIRE(version.has_value());
  CHECK(version->version);
  CHECK(HelpText(AllVerbs(), "").find("explain") != std::string::npos);
  CHECK(HelpText(AllVerbs(), "update").find("--set-addr") != std::string::npos);
  CHECK(HelpText(AllVerbs(), "list").find("--set-addr") == std::string::npos);
}

TEST_CASE("command line: refusals, in one line that helps") {
  struct Row {
    std::vector<std::string> arguments;
    std::string part;
  };
  const std::vector<Row> rows = {
      {{}, "a verb is missing"},
      {{"staus", "a"}, "no verb \"staus\"; did you mean \"status\"?"},
      {{"frobnicate"}, "no verb \"frobnicate\"; see zkctl --help"},
      {{"status"}, "usage: zkctl status NAME"},
      {{"status", "a", "b"}, "usage: zkctl status NAME"},
      {{"locate", "a"}, "usage: zkctl locate NAME KEY..."},
      {{"status", "a/b"}, "cluster name"},
      {{"list", "--folow"}, "no option --folow; did you mean --follow?"},
      {{"list", "--follow"}, "--follow is not an option of list"},
      {{"list", "--foll"}, "no option --foll"},
      {{"list", "-o", "xml"}, "--output: expected table, json or yaml, not \"xml\""},
      {{"list", "--timeout", "0s"}, "--timeout: must be from 10ms to 1h"},
      {{"list", "--timeout", "soon"}, "--timeout: "},
      {{"list", "--zk"}, "zk"},
      {{"list", "--zk", "a", "--zk", "b"}, "--zk is given more than once"},
      {{"list", "--zk", "a b"}, "--zk: "},
      {{"list", "--root", "nowhere"}, "--root: "},
      {{"apply"}, "apply needs -f FILE"},
      {{"diff", "a"}, "diff needs -f FILE"},
      {{"create", "a"}, "create needs -f FILE or at least one --shard"},
      {{"create", "a", "-f", "x", "--points", "3"}, "either -f FILE or options"},
      {{"create", "a", "--shard", "s1"}, "--shard: expected a shard such as s1=10.0.0.1:6379"},
      {{"create", "a", "--shard", "=h:1"}, "--shard: expected a shard such as"},
      {{"create", "a", "--shard", "s1=h"}, "--shard: shard \"s1=h\": "},
      {{"create", "a", "--shard", "s1=h:1", "--points", "0"}, "--points: expected a number"},
      {{"create", "a", "--shard", "s1=h:1", "--ring", "slots"}, "--ring: expected consistent"},
      {{"update", "a", "--hash", "crc32"}, "--hash: expected fnv1a_64 or md5, not \"crc32\""},
      {{"update", "a", "--weight", "s1"}, "--weight: expected a weight such as s1=2"},
      {{"update", "a", "--weight", "s1=0"}, "--weight: expected a weight"},
      {{"update", "a", "--weight", "s1=2x"}, "--weight: expected a weight"},
      {{"update", "a", "--weight", "s1=100001"}, "1 to 100000, not \"s1=100001\""},
      {{"create", "a", "--shard", "s1=h:1", "--failover", "--no-failover"}, "contradict"},
      {{"update", "a"}, "update needs -f FILE or options"},
      {{"update", "a", "--probe", "intervall=1s"}, "did you mean \"interval\"?"},
      {{"update", "a", "--probe", "interval"}, "--probe: expected a setting such as"},
      {{"update", "a", "--checkers", "-1"}, "-1"},
      {{"update", "a", "--checkers", "many"}, "--checkers: expected a number"},
      {{"update", "a", "--min-racks", "0"}, "--min-racks: expected a number from 1 up, or none"},
      {{"update", "a", "--max-dead-fraction", "50%"}, "--max-dead-fraction: expected a fraction"},
      {{"update", "a", "--max-dead-fraction", "1.5"}, "such as 0.5, at most 1, or none"},
      {{"ring"}, "ring needs NAME or -f FILE"},
      {{"ring", "--after", "-f", "x"}, "--after needs NAME and -f FILE"},
      {{"ring", "a", "--after"}, "--after needs NAME and -f FILE"},
      {{"ring", "a", "-f", "x"}, "either NAME or -f FILE"},
      {{"ring", "a", "b"}, "usage: zkctl ring [NAME]"},
      {{"checkers", "forget", "a"}, "usage: zkctl checkers forget NAME ID"},
      {{"checkers", "a", "b"}, "usage: zkctl checkers NAME"},
      {{"checkers", "a", "--yes"}, "--yes is not an option of checkers"},
      {{"checkers", "forget", "a", "c/4"}, "checker"},
      {{"pause", "a"}, "pause needs --reason TEXT"},
      {{"pause", "a", "--reason", ""}, "--reason: the reason is empty"},
      {{"pause", "a", "--reason", "a\nb"}, "--reason: the reason contains a control character"},
      {{"pause", "a", "--reason", "x", "--for", "soon"}, "--for: expected a duration"},
      {{"pause", "a", "--reason", "x", "--for", "0s"}, "--for: must be from 1s to 720h"},
      {{"pause", "a", "--reason", "x", "--for", "721h"}, "--for: must be from 1s to 720h"},
      {{"resume", "a", "--reason", "x"}, "--reason is not an option of resume"},
      {{"maintenance"}, "maintenance needs on, off or list; see zkctl maintenance --help"},
      {{"maintenence", "on"}, "did you mean \"maintenance\"?"},
      {{"maintenance", "of", "a"}, "no verb \"maintenance of\"; maintenance needs on, off or list"},
      {{"maintenance", "on", "a", "s1"}, "maintenance on needs --reason TEXT"},
      {{"maintenance", "on", "a", "--reason", "x"}, "needs SHARD..., or --host HOST"},
      {{"maintenance", "on", "a", "s1", "--host", "h", "--reason", "x"}, "give either SHARD..."},
      {{"maintenance", "on", "a", "s1", "--all", "--reason", "x"}, "--all is not an option of"},
      {{"maintenance", "on", "a", "s1", "--reason", "x", "--for", "0s"}, "--for: must be from 1s"},
      {{"maintenance", "off", "a"}, "needs SHARD..., or --host HOST, or --all"},
      {{"maintenance", "off", "a", "s1", "--reason", "x"}, "--reason is not an option of"},
      {{"rename-shard", "a", "s1"}, "usage: zkctl rename-shard NAME SHARD NEW"},
      {{"rename-shard", "a", "s1", "s1"}, "the new name is the old one"},
      {{"import"}, "import needs -f FILE"},
      {{"update", "a", "--points", "3", "--dry-run", "--wait"}, "--dry-run changes nothing"},
      {{"delete", "a", "--wait"}, "--wait is not an option of delete"},
      {{"list", "--watch"}, "--watch is not an option of list"},
      {{"init", "--acl", "closed", "--access", "f"}, "--acl: expected open or restricted"},
      {{"init", "--acl", "restricted"}, "no access file: give --access FILE"},
      {{"create", "a", "--access", ""}, "no access file: give --access FILE"},
      {{"access"}, "access needs --access FILE"},
      {{"init", "a"}, "usage: zkctl init"},
      {{"unfreze", "a"}, "no verb \"unfreze\"; did you mean \"unfreeze\"?"},
  };
  for (const Row& row : rows) {
    const std::string error = ErrorOf(row.arguments, kEnvironment);
    CHECK_MESSAGE(error.find(row.part) != std::string::npos, error << " instead of " << row.part);
    CHECK(error.find('\n') == std::string::npos);
  }
  CHECK(ErrorOf({"list"}, {}).find("no ZooKeeper servers:") == 0);
}

TEST_CASE("edits: remove, move, add, set") {
  SpecEdits edits;
  edits.remove_shards = {"s1"};
  edits.set_addresses = {{"s3", "h9:1"}};
  edits.add_shards = {{"s4", "h4:1"}, {"s1", "h5:1"}};
  edits.points = 10;
  edits.settings = {Edited("checkers", {}), Edited("quorum", std::int64_t{2}),
                    Edited("failover", false), Edited("probe.interval", Duration(1s)),
                    Edited("probe.threshold", {})};
  ClusterSpec base = Spec();
  base.probe.threshold = 9s;
  const auto edited = ApplyEdits(base, edits);
  REQUIRE_MESSAGE(edited.has_value(), edited.error().message);
  ClusterSpec expected = Spec();
  expected.shards = {{"s2", "h2:1"}, {"s3", "h9:1"}, {"s4", "h4:1"}, {"s1", "h5:1"}};
  expected.checkers = std::nullopt;
  expected.quorum = 2;
  expected.ring = ConsistentRing{10};
  expected.failover = false;
  expected.probe.interval = 1s;
  CHECK(*edited == expected);
}

TEST_CASE("edits: shards that are not there, or there already") {
  SpecEdits remove;
  remove.remove_shards = {"s9"};
  SpecEdits move;
  move.set_addresses = {{"s9", "h:1"}};
  SpecEdits add;
  add.add_shards = {{"s1", "h:1"}};
  const auto removed = ApplyEdits(Spec(), remove);
  const auto moved = ApplyEdits(Spec(), move);
  const auto added = ApplyEdits(Spec(), add);
  REQUIRE_FALSE(removed.has_value());
  CHECK(removed.error().code == ErrorCode::kNotFound);
  REQUIRE_FALSE(moved.has_value());
  CHECK(moved.error().code == ErrorCode::kNotFound);
  REQUIRE_FALSE(added.has_value());
  CHECK(added.error().code == ErrorCode::kExists);
}

TEST_CASE("verbs: each has a row, its own name, and options that mean the same for all") {
  std::map<std::string, Option> known;
  std::map<std::string_view, int> names;
  for (const Verb& verb : AllVerbs()) {
    CAPTURE(verb.name);
    CHECK(++names[verb.name] == 1);
    CHECK_FALSE(verb.summary.empty());
    CHECK((verb.begin != nullptr) == (verb.name != "dev"));
    std::map<std::string, int> own;
    for (const Option& option : OptionsOf(AllVerbs(), &verb)) {
      CAPTURE(option.names);
      CHECK(++own[option.long_name()] == 1);
      CHECK_FALSE(option.help.empty());
      const auto [same, is_new] = known.emplace(option.long_name(), option);
      // An option may come before the verb: whether it has a value cannot depend on the verb.
      CHECK(same->second.names == option.names);
      CHECK(same->second.argument == option.argument);
      CHECK(same->second.help == option.help);
    }
    // One operand that is left out or repeated has to be the last.
    const auto operands = OperandsOf(verb);
    for (std::size_t i = 0; i + 1 < operands.size(); ++i) {
      CHECK_FALSE(operands[i].optional());
      CHECK_FALSE(operands[i].repeatable());
    }
  }
  CHECK(OptionsOf(AllVerbs(), nullptr).size() == known.size());
}

}  // namespace command_line_test
