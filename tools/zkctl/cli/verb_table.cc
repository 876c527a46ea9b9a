#include "tools/zkctl/cli/verb_table.h"

#include <algorithm>
#include <array>

#include "tools/zkctl/cli/command_line.h"

namespace zkcluster::zkctl {
namespace {

constexpr std::size_t kAny = 1'000'000;

constexpr std::array kCommon = {"zk",     "root",    "access", "acl",
                                "output", "timeout", "help",   "version"};
constexpr Option kOptions[] = {
    {"zk", "HOSTS", "ZooKeeper servers, host:port separated by commas (or ZKCTL_ZK)"},
    {"root", "PATH", "where the clusters are (or ZKCTL_ROOT); /goreclusters when left out"},
    {"access", "FILE", "who is who to ZooKeeper (or ZKCTL_ACCESS); see zkcluster-security(7)"},
    {"acl", "WHO", "open or restricted: who may change what this makes"},
    {"output,o", "FORM", "table, json or yaml"},
    {"timeout", "DURATION", "how long to wait for ZooKeeper, such as 5s; 10s when left out"},
    {"help,h", nullptr, "print help, also about one verb"},
    {"version", nullptr, "print the version"},
    {"yes,y", nullptr, "do not ask"},
    {"dry-run", nullptr, "show what would change, and change nothing"},
    {"wait", nullptr, "until every checker has taken the change over (60s, or --timeout)"},
    {"for", "DURATION", "how long, such as 30m; 1s to 720h"},
    {"reason", "TEXT", "why, for whoever wonders"},
    {"accept", nullptr, "let the deaths pass"},
    {"follow", nullptr, "keep printing until Ctrl-C"},
    {"watch,w", nullptr, "keep the screen up to date until Ctrl-C"},
    {"host", "HOST", "every shard on this host"},
    {"all", nullptr, "every shard that is under maintenance"},
    {"after", nullptr, "what the file would move"},
    {"file,f", "FILE", "a spec file; - is standard input"},
    {"shard", "NAME=ADDR", "a shard of the new cluster"},
    {"add-shard", "NAME=ADDR", "a shard to add at the end of the list"},
    {"remove-shard", "NAME", "a shard to remove"},
    {"set-addr", "NAME=ADDR", "a new address for a shard"},
    {"weight", "NAME=N", "a shard's part of a ketama ring beside the others'"},
    {"ring", "TYPE", "consistent or ketama"},
    {"points", "N", "points per shard on a consistent ring"},
    {"hash", "HASH", "of keys on a ketama ring: fnv1a_64 or md5"},
    {"failover", nullptr, "other shards stand in for a dead one"},
    {"no-failover", nullptr, "nobody stands in for a dead shard"},
    {"checkers", "N|none", "size of the electorate"},
    {"quorum", "N|none", "votes needed"},
    {"min-racks", "N|none", "a death needs dead votes from checkers of so many racks"},
    {"max-dead-fraction", "F",
     "freeze when more of the shards would be dead, such as 0.5; or none"},
    {"probe", "KEY=DURATION", "interval, timeout, threshold, refused_threshold or fast_interval"},
};

bool IsCommon(std::string_view option) {
  return std::find(kCommon.begin(), kCommon.end(), option) != kCommon.end();
}

std::string OptionLine(const Option& option) {
  const std::string names = option.names;
  const std::size_t comma = names.find(',');
  std::string text = comma == std::string::npos ? "      " : "  -" + names.substr(comma + 1) + ", ";
  text += "--" + names.substr(0, comma);
  if (option.argument) text += " " + std::string(option.argument);
  text.resize(std::max<std::size_t>(text.size() + 2, 32), ' ');
  return text + option.help + "\n";
}

}  // namespace

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb> kVerbs = {
      {"create",
       "NAME",
       1,
       1,
       {"file", "shard", "weight", "ring", "points", "hash", "failover", "no-failover", "checkers",
        "quorum", "min-racks", "max-dead-fraction", "probe", "dry-run", "wait"},
       "create a cluster from a file or from options",
       "  zkctl create NAME -f FILE\n"
       "  zkctl create NAME --shard s1=10.0.0.1:6379 [--shard ...] [--ring consistent] [--points "
       "160]\n"
       "  zkctl create NAME --shard ... --ring ketama [--hash fnv1a_64|md5] [--weight s1=2 ...]\n"
       "                    [--no-failover] [--checkers 3] [--quorum 2] [--min-racks 2]\n"
       "                    [--max-dead-fraction 0.5] [--probe interval=1s ...]\n"},
      {"update",
       "NAME",
       1,
       1,
       {"file", "yes", "dry-run", "wait", "add-shard", "remove-shard", "set-addr", "weight", "ring",
        "points", "hash", "failover", "no-failover", "checkers", "quorum", "min-racks",
        "max-dead-fraction", "probe"},
       "change a cluster by a file or by options",
       "  zkctl update NAME -f FILE [--yes] [--dry-run] [--wait]\n"
       "  zkctl update NAME [--add-shard s5=10.0.0.5:6379] [--remove-shard s1] [--set-addr "
       "s2=10.0.0.9:6379]\n"
       "                    [--ring TYPE] [--points N] [--hash HASH] [--weight s2=3]\n"
       "                    [--failover|--no-failover] [--checkers N|none] [--quorum "
       "N|none]\n"
       "                    [--min-racks N|none] [--max-dead-fraction F|none]\n"
       "                    [--probe interval=1s|none ...] [--yes]\n"
       "Shows what changes and asks; --yes does not ask. Without a terminal only what removes "
       "shards needs\n"
       "it. --wait shows how the checkers take the change over.\n"
       "A file with `version:` (as `zkctl get` prints it) is refused when the cluster changed "
       "since.\n"},
      {"delete",
       "NAME",
       1,
       1,
       {"yes", "dry-run"},
       "delete a cluster with everything below it",
       "Shows what goes and asks; --yes does not ask, and is needed without a terminal.\n"},
      {"apply",
       "",
       0,
       0,
       {"file", "yes", "dry-run", "wait"},
       "create or update the cluster that a file describes",
       "  zkctl apply -f FILE [--yes] [--dry-run] [--wait]\n"
       "Shows what changes and asks; --yes does not ask. Without a terminal only what removes "
       "shards needs\n"
       "it. --wait shows how the checkers take the change over.\n"
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
      {"rename-shard",
       "NAME SHARD NEW",
       3,
       3,
       {"yes", "dry-run", "wait"},
       "give a shard another name",
       "Names place keys: the shard's keys move as if it were removed and another added. Says how "
       "many,\n"
       "and asks; --yes does not ask, and is needed without a terminal. Its status begins anew.\n"},
      {"export",
       "[NAME...]",
       0,
       kAny,
       {},
       "print the specs of all clusters, or of those named, as a file for import",
       "  zkctl export > clusters.yaml\n"
       "One YAML document a cluster, without versions; -o json is a list, for programs.\n"},
      {"import",
       "",
       0,
       0,
       {"file", "yes", "dry-run", "wait"},
       "create and update every cluster that a file of export describes",
       "  zkctl import -f FILE [--yes] [--dry-run] [--wait]\n"
       "The whole file is read and compared first; clusters that are not in it are left alone. "
       "Shows what\n"
       "changes and asks, as update does.\n"},
      {"get", "NAME", 1, 1, {}, "print a cluster's spec as a file that apply accepts", ""},
      {"list", "", 0, 0, {}, "list the clusters with the health of their shards", ""},
      {"status",
       "NAME",
       1,
       1,
       {"watch"},
       "show leader, electorate, and the status of every shard",
       "  zkctl status NAME [--watch]\n"
       "--watch redraws in place whenever something changes, until Ctrl-C; what does not fit the "
       "screen is\n"
       "cut, the shards that are not alive first. Without a terminal it prints once a change.\n"},
      {"doctor",
       "NAME",
       1,
       1,
       {},
       "look for what is wrong or soon will be, and say what to do",
       "Registrations and ballots that nobody stands behind, spec keys lost to a Go manager, "
       "versions and\n"
       "clocks of the checkers, a quorum that cannot be met, shards that share a host or rack, "
       "sizes near\n"
       "their limits, orders without an end. Exit code 0 when nothing was found, 1 when something "
       "was.\n"},
      {"checkers",
       "NAME",
       1,
       1,
       {},
       "show the checkers registered for a cluster, and their ballots",
       "zkctl checkers forget NAME ID is a verb of its own.\n"},
      {"checkers forget",
       "NAME ID",
       2,
       2,
       {"yes"},
       "take a checker that is gone for good out of the electorate",
       "Whoever was ever seen may vote and counts for the quorum, until it is forgotten. A "
       "checker\n"
       "that is registered must be stopped first: it would be learned again at once.\n"
       "Asks first; --yes does not ask, and is needed without a terminal.\n"},
      {"pause",
       "NAME",
       1,
       1,
       {"for", "reason"},
       "let no status flip; checkers go on probing and voting",
       "  zkctl pause NAME --reason \"switch in rack 7 replaced\" [--for 30m]\n"
       "With --for it ends by itself, without it `zkctl resume` ends it. A pause replaces "
       "another.\n"},
      {"resume", "NAME", 1, 1, {}, "end a pause: what has died meanwhile flips at once", ""},
      {"maintenance on",
       "NAME [SHARD...]",
       1,
       kAny,
       {"host", "for", "reason"},
       "let the status of some shards not flip; checkers go on probing and voting",
       "  zkctl maintenance on NAME SHARD... --reason \"memory replaced\" [--for 30m]\n"
       "  zkctl maintenance on NAME --host HOST --reason \"kernel update\" [--for 2h]\n"
       "With --for it ends by itself, without it `zkctl maintenance off` ends it. --host means the "
       "shards that\n"
       "are on it now. At most 200 shards of a cluster at once.\n"},
      {"maintenance off",
       "NAME [SHARD...]",
       1,
       kAny,
       {"host", "all"},
       "end maintenance: what has died or come back meanwhile flips at once",
       "  zkctl maintenance off NAME SHARD... | --host HOST | --all\n"},
      {"maintenance list",
       "NAME",
       1,
       1,
       {},
       "show which shards are under maintenance, and why",
       ""},
      {"unfreeze",
       "NAME",
       1,
       1,
       {"accept"},
       "end a freeze",
       "  zkctl unfreeze NAME [--accept]\n"
       "Without --accept the freeze begins again, and the exit code is 1, when still more shards\n"
       "would be dead than max_dead_fraction allows. With --accept the deaths pass.\n"},
      {"init",
       "",
       0,
       0,
       {},
       "make the root, and say who may change it and all that is below it",
       "  zkctl init [--access FILE --acl restricted]\n"
       "restricted: operators and checkers alone, as FILE says who they are. open: anyone. What "
       "is\n"
       "there already is changed, too; may be repeated.\n"},
      {"access",
       "",
       0,
       0,
       {},
       "print an access file with hashes in the place of passwords",
       "  zkctl access --access FILE\n"
       "So that operators and checkers know each other without each other's passwords.\n"},
      {"locate",
       "NAME KEY...",
       2,
       kAny,
       {},
       "show which shard owns a key and which serves it now",
       ""},
      {"ring",
       "[NAME]",
       0,
       1,
       {"file", "after"},
       "show how keys spread over the shards, and what a change would move",
       "  zkctl ring NAME\n"
       "  zkctl ring -f FILE             without ZooKeeper\n"
       "  zkctl ring NAME --after -f FILE\n"
       "SHARE is exact: the part of all hashes that falls to a shard. LOAD is that over FAIR, its "
       "weight's\n"
       "part. KEYS are of 100,000 sample keys. --after says how many keys the file would move, and "
       "from\n"
       "where to where; shards are told apart by name.\n"},
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
  return kVerbs;
}

const Verb* FindVerb(std::string_view name) {
  const auto& verbs = Verbs();
  const auto found =
      std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

std::vector<std::string_view> VerbNames() {
  std::vector<std::string_view> names;
  for (const Verb& verb : Verbs()) {
    names.push_back(verb.name);
    const std::string_view first = verb.name.substr(0, verb.name.find(' '));
    if (!FindVerb(first)) names.push_back(first);  // mistyped, it is to be suggested too
  }
  return names;
}

bool IsVerbFamily(std::string_view first) {
  return !SecondWords(first).empty();
}

std::string SecondWords(std::string_view first) {
  std::vector<std::string> found;
  for (const Verb& verb : Verbs()) {
    if (!verb.name.starts_with(std::string(first) + " ")) continue;
    found.emplace_back(verb.name.substr(first.size() + 1));
  }
  std::string words;
  for (std::size_t i = 0; i < found.size(); ++i) {
    words += (i == 0 ? "" : i + 1 < found.size() ? ", " : " or ") + found[i];
  }
  return words;
}

std::span<const Option> Options() {
  return kOptions;
}

std::string LongName(const Option& option) {
  const std::string names = option.names;
  return names.substr(0, names.find(','));
}

bool Takes(const Verb& verb, std::string_view option) {
  return IsCommon(option) ||
         std::find(verb.options.begin(), verb.options.end(), option) != verb.options.end();
}

std::string HelpText(std::string_view name) {
  const Verb* verb = FindVerb(name);
  std::string text = "usage: zkctl ";
  if (!verb) {
    text += "VERB [NAME] [options]\n\n";
    for (const Verb& each : Verbs()) {
      if (!name.empty() && !each.name.starts_with(name)) continue;
      std::string column = "  " + std::string(each.name);
      column.resize(20, ' ');
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
  for (const Option& option : kOptions) {
    const std::string long_name = LongName(option);
    if (verb ? Takes(*verb, long_name) : IsCommon(long_name)) text += OptionLine(option);
  }
  if (!verb) {
    text +=
        "\nExit codes: 0 done; 1 refused or not found; 64 usage; 65 bad file; 69 ZooKeeper not "
        "reachable.\n";
  }
  return text;
}

}  // namespace zkcluster::zkctl
