// The command line of zkctl: a verb, its operands, and options, which may be given before or after
// the verb. Pure.
#pragma once

#include <zkcluster/result.h>
#include <memory>
#include <string>
#include <vector>

#include "tools/zkctl/cli/globals.h"
#include "tools/zkctl/cli/verb.h"

namespace zkcluster::zkctl {

struct CommandLine {
  std::string verb;  // empty: none was given; "checkers forget" and "maintenance on" are each one
  bool help = false;
  bool version = false;
  Globals globals;
  std::unique_ptr<Use> use;  // null with help or version, and for a verb that main.cc runs
};

// The arguments after the program's name. Errors: kInvalid, one line for people: exit code 64.
// With `help` or `version` nothing else is an error.
[[nodiscard]] Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                                   const Environment& environment, Verbs verbs);

}  // namespace zkcluster::zkctl
