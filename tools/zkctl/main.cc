// The command `zkctl`: finds the verb and runs it. Exit codes: see context.h.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "tools/zkctl/cli/command_line.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/dev/dev.h"
#include "tools/zkctl/verbs/table.h"

namespace zkcluster::zkctl {
namespace {

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
  const auto line = ParseCommandLine(arguments, environment, AllVerbs());
  if (!line) {
    Complain(line.error());
    return kUsage;
  }
  if (line->version) return Print("zkctl " ZKC_VERSION "\n") ? kDone : kRefused;
  if (line->help) return Print(HelpText(AllVerbs(), line->verb)) ? kDone : kRefused;
  if (line->use) return line->use->Run(line->globals);
  Complain(Error{ErrorCode::kInvalid, "dev takes no option before it"});
  return kUsage;
}

}  // namespace
}  // namespace zkcluster::zkctl

int main(int argc, char** argv) {
  // A reader that goes away (`zkctl events | head`) shows as a failed write and does not kill us.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return zkcluster::zkctl::Run({argv + 1, argv + argc});
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "zkctl: %s\n", exception.what());
    return zkcluster::zkctl::kRefused;
  }
}
