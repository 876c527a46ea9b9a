#include "tools/zkctl/cli/confirm.h"

#include <unistd.h>

#include <iostream>

#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

bool Agrees(std::string_view answer, std::string_view cluster) {
  const std::size_t first = answer.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return false;
  const std::size_t last = answer.find_last_not_of(" \t\r");
  const std::string_view word = answer.substr(first, last - first + 1);
  return word == "y" || word == "Y" || word == "yes" || word == cluster;
}

bool CanAsk() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

Result<void> Confirm(const std::string& question, std::string_view cluster, bool yes) {
  if (yes) return {};
  if (!CanAsk()) {
    return Fail(ErrorCode::kInvalid,
                question + " Without a terminal it needs --yes; nothing was done");
  }
  std::cerr << Printable(question)
            << (cluster.empty() ? " Type y: " : " Type the cluster's name or y: ") << std::flush;
  std::string answer;
  if (!std::getline(std::cin, answer) || !Agrees(answer, cluster)) {
    return Fail(ErrorCode::kInvalid, "not confirmed: nothing was done");
  }
  return {};
}

}  // namespace zkcluster::zkctl
