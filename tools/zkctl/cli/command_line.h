// The command line of zkctl: a verb, its operands, and options,
// which may stand before or after the verb. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/zkctl/cli/edits.h"

namespace zkcluster::zkctl {

enum class OutputForm { kTable, kJson, kYaml };

struct CommandLine {
  std::string verb;  // empty: none was given; "checkers forget" and "maintenance on" are each one
  std::vector<std::string> operands;  // as many as the verb takes
  std::string zookeeper;              // --zk, else ZKCTL_ZK
  std::string root;                   // --root, else ZKCTL_ROOT, else /goreclusters
  std::string access;                 // --access, else ZKCTL_ACCESS; empty: nobody in particular
  bool restricted = false;  // --acl; what it makes, operators and checkers alone may change
  OutputForm output = OutputForm::kTable;
  Duration timeout = std::chrono::seconds(10);
  bool timeout_given = false;
  bool help = false;
  bool version = false;
  bool yes = false;      // --yes
  bool follow = false;   // --follow
  bool accept = false;   // --accept
  bool after = false;    // --after
  bool all = false;      // --all
  bool watch = false;    // --watch
  bool dry_run = false;  // --dry-run
  bool wait = false;     // --wait
  std::string host;      // --host
  Duration length{0};    // --for; 0: was not given
  std::string reason;    // --reason
  std::string file;      // -f; "-" is standard input
  SpecEdits edits;
};

// What the environment says where the command line is silent; empty: nothing.
struct Environment {
  std::string zookeeper;
  std::string root;
  std::string access;
};

// The arguments after the program's name. Errors: kInvalid, one line for people: exit code 64.
// With `help` or `version` nothing else is complained about.
[[nodiscard]] Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                                   const Environment& environment);

// What --help prints: about one verb, or about all.
[[nodiscard]] std::string HelpText(std::string_view verb);

}  // namespace zkcluster::zkctl
