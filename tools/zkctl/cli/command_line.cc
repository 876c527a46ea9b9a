#include "tools/zkctl/cli/command_line.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <exception>
#include <utility>

#include "admin/orders.h"
#include "model/paths.h"
#include "text/duration.h"
#include "tools/zkctl/cli/verb_table.h"
#include "yaml/suggest.h"
#include "zk/native_client.h"

namespace zkcluster::zkctl {
namespace {

namespace po = boost::program_options;

po::options_description Describe() {
  po::options_description description;
  auto add = description.add_options();
  for (const Option& option : Options()) {
    if (option.argument) {
      add(option.names, po::value<std::vector<std::string>>()->value_name(option.argument));
    } else {
      add(option.names, po::value<std::vector<bool>>()->implicit_value({true}, "")->zero_tokens());
    }
  }
  add("words", po::value<std::vector<std::string>>());
  return description;
}

bool Repeatable(std::string_view option) {
  return option == "shard" || option == "add-shard" || option == "remove-shard" ||
         option == "set-addr" || option == "weight" || option == "probe" || option == "words";
}

Error Usage(std::string message) {
  return Error{ErrorCode::kInvalid, std::move(message)};
}

// The values given, by long name.
class Given {
 public:
  explicit Given(const po::variables_map& values) : values_(values) {}
  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  std::vector<std::string> All(const std::string& name) const {
    return Has(name) ? values_[name].as<std::vector<std::string>>() : std::vector<std::string>();
  }
  std::string One(const std::string& name, std::string otherwise = {}) const {
    return Has(name) ? All(name).back() : otherwise;
  }

 private:
  const po::variables_map& values_;
};

// Reads an option's values one by one into `take`; the error names the option.
template <class Parse, class Take>
Result<void> Each(const Given& given, const std::string& name, Parse parse, Take take) {
  for (const std::string& text : given.All(name)) {
    auto parsed = parse(text);
    if (!parsed) return Fail(parsed.error().Within("--" + name));
    take(*std::move(parsed));
  }
  return {};
}

Result<RingType> ParseRing(const std::string& text) {
  for (const RingType type : {RingType::kConsistent, RingType::kKetama}) {
    if (text == RingTypeName(type)) return type;
  }
  return Fail(ErrorCode::kInvalid, "expected consistent or ketama, not \"" + text + "\"");
}

Result<RingHash> ParseHash(const std::string& text) {
  for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
    if (text == RingHashName(hash)) return hash;
  }
  return Fail(ErrorCode::kInvalid, "expected fnv1a_64 or md5, not \"" + text + "\"");
}

Result<int> ParsePoints(const std::string& text) {
  const auto count = ParseCount(text);
  if (!count || !count->value) {
    return Fail(ErrorCode::kInvalid, "expected a number from 1 up, not \"" + text + "\"");
  }
  return *count->value;
}

Result<void> ReadEdits(const Given& given, SpecEdits& edits) {
  const auto add = [&](ShardSpec shard) { edits.add_shards.push_back(std::move(shard)); };
  const auto move = [&](ShardSpec shard) { edits.set_addresses.push_back(std::move(shard)); };
  if (auto rc = Each(given, "shard", ParseShard, add); !rc) return rc;
  if (auto rc = Each(given, "add-shard", ParseShard, add); !rc) return rc;
  if (auto rc = Each(given, "set-addr", ParseShard, move); !rc) return rc;
  edits.remove_shards = given.All("remove-shard");
  if (auto rc = Each(given, "ring", ParseRing, [&](RingType type) { edits.ring = type; }); !rc) {
    return rc;
  }
  if (auto rc = Each(given, "points", ParsePoints, [&](int n) { edits.points = n; }); !rc)
    return rc;
  if (auto rc = Each(given, "hash", ParseHash, [&](RingHash hash) { edits.hash = hash; }); !rc) {
    return rc;
  }
  if (auto rc = Each(given, "weight", ParseWeight,
                     [&](auto edit) { edits.weights.push_back(std::move(edit)); });
      !rc) {
    return rc;
  }
  if (auto rc = Each(given, "checkers", ParseCount, [&](CountEdit n) { edits.checkers = n; });
      !rc) {
    return rc;
  }
  if (auto rc = Each(given, "quorum", ParseCount, [&](CountEdit n) { edits.quorum = n; }); !rc) {
    return rc;
  }
  if (auto rc = Each(given, "min-racks", ParseCount, [&](CountEdit n) { edits.min_racks = n; });
      !rc) {
    return rc;
  }
  if (auto rc = Each(given, "max-dead-fraction", ParseFractionEdit,
                     [&](FractionEdit edit) { edits.max_dead_fraction = edit; });
      !rc) {
    return rc;
  }
  if (auto rc = Each(given, "probe", ParseProbeEdit,
                     [&](auto edit) { edits.probe.push_back(std::move(edit)); });
      !rc) {
    return rc;
  }
  if (given.Has("failover") && given.Has("no-failover")) {
    return Fail(Usage("--failover and --no-failover contradict each other"));
  }
  if (given.Has("failover")) edits.failover = true;
  if (given.Has("no-failover")) edits.failover = false;
  return {};
}

// Who has said who is who means it, unless told otherwise.
Result<void> ReadAccess(const Given& given, const Environment& environment, CommandLine& line) {
  line.access = given.One("access", environment.access);
  const std::string acl = given.One("acl", line.access.empty() ? "open" : "restricted");
  line.restricted = acl == "restricted";
  if (!line.restricted && acl != "open") {
    return Fail(Usage("--acl: expected open or restricted, not \"" + acl + "\""));
  }
  if (line.access.empty() && (line.restricted || given.Has("access"))) {
    return Fail(Usage("who is who? Give --access FILE or set ZKCTL_ACCESS"));
  }
  return {};
}

Result<void> ReadCommon(const Given& given, const Environment& environment, CommandLine& line) {
  line.zookeeper = given.One("zk", environment.zookeeper);
  line.root = given.One("root", environment.root.empty() ? "/goreclusters" : environment.root);
  if (auto rc = ReadAccess(given, environment, line); !rc) return rc;
  line.yes = given.Has("yes");
  line.follow = given.Has("follow");
  line.accept = given.Has("accept");
  line.after = given.Has("after");
  line.all = given.Has("all");
  line.watch = given.Has("watch");
  line.dry_run = given.Has("dry-run");
  line.wait = given.Has("wait");
  line.host = given.One("host");
  if (given.Has("host") && line.host.empty()) return Fail(Usage("--host: expected a host"));
  line.file = given.One("file");
  if (given.Has("file") && line.file.empty()) return Fail(Usage("--file: expected a file"));
  const std::string output = given.One("output", "table");
  if (output == "json") {
    line.output = OutputForm::kJson;
  } else if (output == "yaml") {
    line.output = OutputForm::kYaml;
  } else if (output != "table") {
    return Fail(Usage("--output: expected table, json or yaml, not \"" + output + "\""));
  }
  if (given.Has("timeout")) {
    const auto timeout = ParseDuration(given.One("timeout"));
    if (!timeout) return Fail(timeout.error().Within("--timeout"));
    if (*timeout < std::chrono::milliseconds(10) || *timeout > std::chrono::hours(1)) {
      return Fail(Usage("--timeout: must be from 10ms to 1h, not " + given.One("timeout")));
    }
    line.timeout = *timeout;
    line.timeout_given = true;
  }
  if (const auto valid = ValidateRoot(line.root); !valid)
    return Fail(valid.error().Within("--root"));
  return {};
}

// What a pause or maintenance is ordered with; who orders it is not for the command line to say.
Result<void> ReadTimedOrder(const Given& given, CommandLine& line) {
  line.reason = given.One("reason");
  if (given.Has("for")) {
    const auto length = ParseDuration(given.One("for"));
    if (!length) return Fail(length.error().Within("--for"));
    if (*length < kMinPause || *length > kMaxPause) {
      return Fail(Usage("--for: must be from 1s to 720h (30 days), not " + given.One("for")));
    }
    line.length = *length;
  }
  if (line.verb != "pause" && line.verb != "maintenance on") return {};
  if (!given.Has("reason")) return Fail(Usage(line.verb + " needs --reason TEXT"));
  const auto valid = ValidatePause({line.length, "somebody", line.reason});
  if (!valid) return Fail(valid.error().Within("--reason"));
  return {};
}

Result<void> CheckOptions(const Verb& verb, const po::variables_map& values) {
  for (const auto& [name, value] : values) {
    if (name == "words") continue;
    if (!Takes(verb, name)) {
      return Fail(Usage("--" + name + " is no option of " + std::string(verb.name)));
    }
  }
  return {};
}

// NAME, -f FILE without ZooKeeper, or both for what the file would move.
Result<void> CheckRing(const CommandLine& line) {
  const bool named = !line.operands.empty();
  const bool has_file = !line.file.empty();
  if (line.after && !(named && has_file)) return Fail(Usage("--after needs NAME and -f FILE"));
  if (!named && !has_file) return Fail(Usage("ring needs NAME or -f FILE"));
  if (named && has_file && !line.after) {
    return Fail(Usage("give either NAME or -f FILE; NAME --after -f FILE compares them"));
  }
  return {};
}

// Names of shards, a host, or (to end it) all: one of these.
Result<void> CheckMaintenance(const CommandLine& line, const Verb& verb) {
  if (verb.name == "maintenance list") return {};
  const bool named = line.operands.size() > 1;
  const int ways = (named ? 1 : 0) + (line.host.empty() ? 0 : 1) + (line.all ? 1 : 0);
  const std::string all = Takes(verb, "all") ? ", or --all" : "";
  if (ways == 1) return {};
  return Fail(Usage(ways == 0 ? std::string(verb.name) + " needs SHARD..., or --host HOST" + all
                              : "give either SHARD..., or --host HOST" + all));
}

Result<void> CheckUse(const CommandLine& line, const Verb& verb) {
  const std::size_t count = line.operands.size();
  if (count < verb.least || count > verb.most) {
    return Fail(Usage("usage: zkctl " + std::string(verb.name) +
                      (verb.operands.empty() ? "" : " ") + std::string(verb.operands) +
                      "; see zkctl " + std::string(verb.name) + " --help"));
  }
  if (count > 0) {
    const auto valid = ValidateName("cluster name", line.operands[0]);
    if (!valid) return Fail(valid.error());
  }
  if (verb.name == "checkers forget") {
    const auto valid = ValidateName("checker", line.operands[1]);
    if (!valid) return Fail(valid.error());
  }
  if (verb.name.starts_with("maintenance")) {
    if (auto rc = CheckMaintenance(line, verb); !rc) return rc;
  }
  if (verb.name == "rename-shard" && line.operands[1] == line.operands[2]) {
    return Fail(Usage("the new name is the old one"));
  }
  if (line.dry_run && line.wait) {
    return Fail(Usage("--dry-run changes nothing there would be to --wait for"));
  }
  const bool edited = line.edits != SpecEdits{};
  if ((verb.name == "apply" || verb.name == "diff" || verb.name == "import") && line.file.empty()) {
    return Fail(Usage(std::string(verb.name) + " needs -f FILE"));
  }
  if (verb.name == "ring") {
    if (auto rc = CheckRing(line); !rc) return rc;
    if (line.operands.empty()) return {};  // nobody asks ZooKeeper
  }
  if (!line.file.empty() && edited) {
    return Fail(Usage("give either -f FILE or options that change the spec, not both"));
  }
  if (verb.name == "create" && line.file.empty() && line.edits.add_shards.empty()) {
    return Fail(Usage("create needs -f FILE or at least one --shard NAME=ADDR"));
  }
  if (verb.name == "update" && line.file.empty() && !edited) {
    return Fail(Usage("update needs -f FILE or options that say what to change"));
  }
  if (verb.name == "access") {
    if (line.access.empty()) return Fail(Usage("access needs --access FILE or ZKCTL_ACCESS"));
    return {};  // nobody asks ZooKeeper
  }
  if (line.zookeeper.empty()) {
    return Fail(Usage("where is ZooKeeper? Give --zk HOST:PORT[,...] or set ZKCTL_ZK"));
  }
  if (const auto servers = zk::ParseServers(line.zookeeper); !servers) {
    return Fail(servers.error().Within("--zk"));
  }
  return {};
}

// Some verbs are of two words.
Result<void> JoinVerb(CommandLine& line) {
  // A cluster may be named "forget": to look at its checkers is one word less.
  const bool forgets = line.verb == "checkers" && !line.operands.empty() &&
                       line.operands.front() == "forget" && (line.operands.size() > 1 || line.help);
  const bool family = IsVerbFamily(line.verb) && !FindVerb(line.verb);
  if (family && line.operands.empty()) {
    if (line.help || line.version) return {};
    return Fail(Usage(line.verb + " needs " + SecondWords(line.verb) + "; see zkctl " + line.verb +
                      " --help"));
  }
  if (!forgets && !family) return {};
  const std::string joined = line.verb + " " + line.operands.front();
  if (!FindVerb(joined)) {
    return Fail(
        Usage("no verb \"" + joined + "\"; " + line.verb + " needs " + SecondWords(line.verb)));
  }
  line.verb = joined;
  line.operands.erase(line.operands.begin());
  return {};
}

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                     const Environment& environment) {
  po::variables_map values;
  // Boost reports by exceptions; they end here.
  try {
    using Style = po::command_line_style::style_t;
    const po::options_description description = Describe();
    po::positional_options_description positional;
    positional.add("words", -1);
    po::store(po::command_line_parser(arguments)
                  .options(description)
                  .positional(positional)
                  .style(static_cast<Style>(Style::unix_style & ~Style::allow_guessing))
                  .run(),
              values);
  } catch (const po::unknown_option& unknown) {
    std::vector<std::string> names;
    for (const Option& option : Options()) names.push_back(LongName(option));
    const std::string given = unknown.get_option_name();
    const std::string bare = given.substr(std::min(given.find_first_not_of('-'), given.size()));
    const auto nearest = Nearest(bare, {names.begin(), names.end()});
    return Fail(Usage("no option " + given +
                      (nearest ? "; did you mean --" + *nearest + "?" : std::string())));
  } catch (const std::exception& exception) {
    return Fail(Usage(exception.what()));
  }

  const Given given(values);
  CommandLine line;
  line.operands = given.All("words");
  if (!line.operands.empty()) {
    line.verb = line.operands.front();
    line.operands.erase(line.operands.begin());
  }
  line.help = given.Has("help") || line.verb == "help";
  line.version = given.Has("version");
  if (line.verb == "help") {
    line.verb = line.operands.empty() ? "" : line.operands.front();
    if (!line.operands.empty()) line.operands.erase(line.operands.begin());
  }
  if (const auto joined = JoinVerb(line); !joined) return Fail(joined.error());
  if (line.help && IsVerbFamily(line.verb)) return line;
  const Verb* verb = FindVerb(line.verb);
  if (!verb && !line.verb.empty()) {
    return Fail(Usage("no verb \"" + line.verb + "\"" + DidYouMean(line.verb, VerbNames()) +
                      (Nearest(line.verb, VerbNames()) ? "" : "; see zkctl --help")));
  }
  if (line.help || line.version) return line;
  if (!verb) return Fail(Usage("a verb is missing; see zkctl --help"));
  for (const Option& option : Options()) {
    const std::string name = LongName(option);
    if (option.argument && !Repeatable(name) && given.All(name).size() > 1) {
      return Fail(Usage("--" + name + " is given more than once"));
    }
  }
  if (auto rc = CheckOptions(*verb, values); !rc) return Fail(rc.error());
  if (auto rc = ReadCommon(given, environment, line); !rc) return Fail(rc.error());
  if (auto rc = ReadEdits(given, line.edits); !rc) return Fail(rc.error());
  if (auto rc = ReadTimedOrder(given, line); !rc) return Fail(rc.error());
  if (auto rc = CheckUse(line, *verb); !rc) return Fail(rc.error());
  return line;
}

}  // namespace zkcluster::zkctl
