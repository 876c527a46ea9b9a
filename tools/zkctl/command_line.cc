#include "tools/zkctl/command_line.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <exception>
#include <initializer_list>
#include <utility>

#include "model/duration.h"
#include "model/paths.h"
#include "yaml/suggest.h"
#include "zk/native_client.h"

namespace zkcluster::zkctl {
namespace {

namespace po = boost::program_options;

struct Verb {
  std::string_view name;
  std::string_view operands;  // as --help shows them
  std::size_t least;
  std::size_t most;
  std::vector<std::string_view> options;  // besides the common ones
  std::string_view summary;
  std::string_view help;
};

constexpr std::size_t kAny = 1'000'000;

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb> verbs = {
      {"create",
       "NAME",
       1,
       1,
       {"file", "shard", "ring", "points", "failover", "no-failover", "checkers", "quorum",
        "probe"},
       "create a cluster from a file or from options",
       "  zkctl create NAME -f FILE\n"
       "  zkctl create NAME --shard s1=10.0.0.1:6379 [--shard ...] [--ring consistent] [--points "
       "160]\n"
       "                    [--no-failover] [--checkers 3] [--quorum 2] [--probe interval=1s "
       "...]\n"},
      {"update",
       "NAME",
       1,
       1,
       {"file", "yes", "add-shard", "remove-shard", "set-addr", "ring", "points", "failover",
        "no-failover", "checkers", "quorum", "probe"},
       "change a cluster by a file or by options",
       "  zkctl update NAME -f FILE [--yes]\n"
       "  zkctl update NAME [--add-shard s5=10.0.0.5:6379] [--remove-shard s1] [--set-addr "
       "s2=10.0.0.9:6379]\n"
       "                    [--points N] [--failover|--no-failover] [--checkers N|none] [--quorum "
       "N|none]\n"
       "                    [--probe interval=1s|none ...] [--yes]\n"
       "Removing shards asks first; --yes does not ask, and is needed without a terminal.\n"
       "A file with `version:` (as `zkctl get` prints it) is refused when the cluster changed "
       "since.\n"},
      {"delete",
       "NAME",
       1,
       1,
       {"yes"},
       "delete a cluster with everything below it",
       "Asks first; --yes does not ask, and is needed without a terminal.\n"},
      {"apply",
       "",
       0,
       0,
       {"file", "yes"},
       "create or update the cluster that a file describes",
       "  zkctl apply -f FILE [--yes]\n"
       "Removing shards asks first; --yes does not ask, and is needed without a terminal.\n"
       "A file with `version:` (as `zkctl get` prints it) is refused when the cluster changed "
       "since.\n"},
      {"diff",
       "NAME",
       1,
       1,
       {"file"},
       "show what a file would change",
       "  zkctl diff NAME -f FILE\n"
       "Exit code 0 when nothing would change, 1 when something would.\n"},
      {"get", "NAME", 1, 1, {}, "print a cluster's spec as a file that apply accepts", ""},
      {"list", "", 0, 0, {}, "list the clusters with the health of their shards", ""},
      {"status", "NAME", 1, 1, {}, "show leader, electorate, and the status of every shard", ""},
      {"checkers",
       "NAME",
       1,
       1,
       {},
       "show the checkers registered for a cluster, and their ballots",
       ""},
      {"locate",
       "NAME KEY...",
       2,
       kAny,
       {},
       "show which shard owns a key and which serves it now",
       ""},
      {"events",
       "NAME",
       1,
       1,
       {"follow"},
       "print the journal: flips, leaders, changes of the spec; the newest last",
       "  zkctl events NAME [--follow]\n"
       "--follow keeps printing as things happen, until Ctrl-C.\n"},
      {"explain",
       "NAME SHARD",
       2,
       2,
       {},
       "say why a shard has its status: each vote, the count, the quorum",
       ""},
      {"dev",
       "[--redis N] [--checkers M] [--demo]",
       0,
       0,
       {},
       "run a sandbox of ZooKeeper, Redis and checkers on this machine",
       ""},
  };
  return verbs;
}

const Verb* FindVerb(std::string_view name) {
  const auto& verbs = Verbs();
  const auto found =
      std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

std::vector<std::string_view> VerbNames() {
  std::vector<std::string_view> names;
  for (const Verb& verb : Verbs()) names.push_back(verb.name);
  return names;
}

// One table of every option: only so may they stand before the verb. Which of them the verb takes
// is looked at afterwards.
constexpr std::array kCommon = {"zk", "root", "output", "timeout", "help", "version"};
struct Described {
  const char* names;
  const char* argument;  // null: a flag
  const char* help;
};
constexpr Described kOptions[] = {
    {"zk", "HOSTS", "ZooKeeper servers, host:port separated by commas (or ZKCTL_ZK)"},
    {"root", "PATH", "where the clusters are (or ZKCTL_ROOT); /goreclusters when left out"},
    {"output,o", "FORM", "table, json or yaml"},
    {"timeout", "DURATION", "how long to wait for ZooKeeper, such as 5s; 10s when left out"},
    {"help,h", nullptr, "print help, also about one verb"},
    {"version", nullptr, "print the version"},
    {"yes,y", nullptr, "do not ask"},
    {"follow", nullptr, "keep printing until Ctrl-C"},
    {"file,f", "FILE", "a spec file; - is standard input"},
    {"shard", "NAME=ADDR", "a shard of the new cluster"},
    {"add-shard", "NAME=ADDR", "a shard to add at the end of the list"},
    {"remove-shard", "NAME", "a shard to remove"},
    {"set-addr", "NAME=ADDR", "a new address for a shard"},
    {"ring", "TYPE", "consistent"},
    {"points", "N", "points per shard on the ring"},
    {"failover", nullptr, "other shards stand in for a dead one"},
    {"no-failover", nullptr, "nobody stands in for a dead shard"},
    {"checkers", "N|none", "size of the electorate"},
    {"quorum", "N|none", "votes needed"},
    {"probe", "KEY=DURATION", "interval, timeout, threshold, refused_threshold or fast_interval"},
};

std::string LongName(const Described& option) {
  const std::string names = option.names;
  return names.substr(0, names.find(','));
}

po::options_description Describe() {
  po::options_description description;
  auto add = description.add_options();
  for (const Described& option : kOptions) {
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
         option == "set-addr" || option == "probe" || option == "words";
}

Error Usage(std::string message) {
  return Error{ErrorCode::kInvalid, std::move(message), -1};
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
  if (text == "consistent") return RingType::kConsistent;
  return Fail(ErrorCode::kInvalid, "expected consistent, not \"" + text + "\"");
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
  if (auto rc = Each(given, "checkers", ParseCount, [&](CountEdit n) { edits.checkers = n; });
      !rc) {
    return rc;
  }
  if (auto rc = Each(given, "quorum", ParseCount, [&](CountEdit n) { edits.quorum = n; }); !rc) {
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

Result<void> ReadCommon(const Given& given, const Environment& environment, CommandLine& line) {
  line.zookeeper = given.One("zk", environment.zookeeper);
  line.root = given.One("root", environment.root.empty() ? "/goreclusters" : environment.root);
  line.yes = given.Has("yes");
  line.follow = given.Has("follow");
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
  }
  if (const auto valid = ValidateRoot(line.root); !valid)
    return Fail(valid.error().Within("--root"));
  return {};
}

Result<void> CheckOptions(const Verb& verb, const po::variables_map& values) {
  for (const auto& [name, value] : values) {
    if (name == "words") continue;
    const bool common = std::find(kCommon.begin(), kCommon.end(), name) != kCommon.end();
    const bool own =
        std::find(verb.options.begin(), verb.options.end(), name) != verb.options.end();
    if (!common && !own) {
      return Fail(Usage("--" + name + " is no option of " + std::string(verb.name)));
    }
  }
  return {};
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
  const bool edited = line.edits != SpecEdits{};
  if ((verb.name == "apply" || verb.name == "diff") && line.file.empty()) {
    return Fail(Usage(std::string(verb.name) + " needs -f FILE"));
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
  if (line.zookeeper.empty()) {
    return Fail(Usage("where is ZooKeeper? Give --zk HOST:PORT[,...] or set ZKCTL_ZK"));
  }
  if (const auto servers = zk::ParseServers(line.zookeeper); !servers) {
    return Fail(servers.error().Within("--zk"));
  }
  return {};
}

std::string OptionLine(const Described& option) {
  const std::string names = option.names;
  const std::size_t comma = names.find(',');
  std::string text = comma == std::string::npos ? "      " : "  -" + names.substr(comma + 1) + ", ";
  text += "--" + names.substr(0, comma);
  if (option.argument) text += " " + std::string(option.argument);
  text.resize(std::max<std::size_t>(text.size() + 2, 32), ' ');
  return text + option.help + "\n";
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
    for (const Described& option : kOptions) names.push_back(LongName(option));
    const std::string given = unknown.get_option_name();
    const std::string bare = given.substr(std::min(given.find_first_not_of('-'), given.size()));
    return Fail(Usage("no option " + given + DidYouMean(bare, {names.begin(), names.end()})));
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
  }
  const Verb* verb = FindVerb(line.verb);
  if (!verb && !line.verb.empty()) {
    return Fail(Usage("no verb \"" + line.verb + "\"" + DidYouMean(line.verb, VerbNames()) +
                      (Nearest(line.verb, VerbNames()) ? "" : "; see zkctl --help")));
  }
  if (line.help || line.version) return line;
  if (!verb) return Fail(Usage("a verb is missing; see zkctl --help"));
  for (const Described& option : kOptions) {
    const std::string name = LongName(option);
    if (option.argument && !Repeatable(name) && given.All(name).size() > 1) {
      return Fail(Usage("--" + name + " is given more than once"));
    }
  }
  if (auto rc = CheckOptions(*verb, values); !rc) return Fail(rc.error());
  if (auto rc = ReadCommon(given, environment, line); !rc) return Fail(rc.error());
  if (auto rc = ReadEdits(given, line.edits); !rc) return Fail(rc.error());
  if (auto rc = CheckUse(line, *verb); !rc) return Fail(rc.error());
  return line;
}

std::string HelpText(std::string_view name) {
  const Verb* verb = FindVerb(name);
  std::string text = "usage: zkctl ";
  if (!verb) {
    text += "VERB [NAME] [options]\n\n";
    for (const Verb& each : Verbs()) {
      std::string column = "  " + std::string(each.name);
      column.resize(14, ' ');
      text += column + std::string(each.summary) + "\n";
    }
    text += "\nzkctl VERB --help tells more.\n\n";
  } else {
    text += std::string(verb->name) + (verb->operands.empty() ? "" : " ") +
            std::string(verb->operands) + " [options]\n\n";
    text += std::string(verb->summary) + "\n";
    if (!verb->help.empty()) text += "\n" + std::string(verb->help);
    text += "\n";
  }
  for (const Described& option : kOptions) {
    const std::string long_name = LongName(option);
    const bool common = std::find(kCommon.begin(), kCommon.end(), long_name) != kCommon.end();
    const bool own = verb && std::find(verb->options.begin(), verb->options.end(), long_name) !=
                                 verb->options.end();
    if (common || own) text += OptionLine(option);
  }
  if (!verb) {
    text +=
        "\nExit codes: 0 done; 1 refused or not found; 64 usage; 65 bad file; 69 ZooKeeper not "
        "reachable.\n";
  }
  return text;
}

}  // namespace zkcluster::zkctl
