// The command `zkctl`: finds the verb and runs it. Exit codes: see context.h.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "tools/zkctl/cli/command_line.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/dev/dev.h"
#include "tools/zkctl/verbs/verbs.h"

namespace zkcluster::zkctl {
namespace {

struct Entry {
  std::string_view verb;
  int (*run)(const CommandLine& line);
};
constexpr std::array kEntries = {
    Entry{"create", RunCreate},
    Entry{"update", RunUpdate},
    Entry{"delete", RunDelete},
    Entry{"apply", RunApply},
    Entry{"diff", RunDiff},
    Entry{"get", RunGet},
    Entry{"list", RunList},
    Entry{"status", RunStatus},
    Entry{"checkers", RunCheckers},
    Entry{"checkers forget", RunForget},
    Entry{"pause", RunPause},
    Entry{"resume", RunResume},
    Entry{"unfreeze", RunUnfreeze},
    Entry{"locate", RunLocate},
    Entry{"ring", RunRing},
    Entry{"explain", RunExplain},
    Entry{"events", RunEvents},
    Entry{"rename-shard", RunRename},
    Entry{"export", RunExport},
    Entry{"import", RunImport},
    Entry{"doctor", RunDoctor},
    Entry{"maintenance on", RunMaintenanceOn},
    Entry{"maintenance off", RunMaintenanceOff},
    Entry{"maintenance list", RunMaintenanceList},
    Entry{"init", RunInit},
    Entry{"access", RunAccess},
};

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int Run(const std::vector<std::string>& arguments) {
  // The sandbox has options of its own, and needs no ZooKeeper.
  if (!arguments.empty() && arguments[0] == "dev") {
    return RunDev({arguments.begin() + 1, arguments.end()});
  }
  const Environment environment{FromEnvironment("ZKCTL_ZK"), FromEnvironment("ZKCTL_ROOT"),
                                FromEnvironment("ZKCTL_ACCESS")};
  if (!arguments.empty() && arguments[0] == "__complete") {
    return RunComplete({arguments.begin() + 1, arguments.end()}, environment);
  }
  const auto line = ParseCommandLine(arguments, environment);
  if (!line) {
    Complain(line.error());
    return kUsage;
  }
  if (line->version) return Print("zkctl " ZKC_VERSION "\n") ? kDone : kRefused;
  if (line->help) return Print(HelpText(line->verb)) ? kDone : kRefused;
  for (const Entry& entry : kEntries) {
    if (entry.verb == line->verb) return entry.run(*line);
  }
  Complain(Error{ErrorCode::kInvalid, "dev takes no option before it"});
  return kUsage;
}

}  // namespace
}  // namespace zkcluster::zkctl

int main(int argc, char** argv) {
  // A reader that goes away (`zkctl events | head`) shows as a failed write, not as a death.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return zkcluster::zkctl::Run({argv + 1, argv + argc});
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "zkctl: %s\n", exception.what());
    return zkcluster::zkctl::kRefused;
  }
}
