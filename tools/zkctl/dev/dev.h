// `zkctl dev`: a private ZooKeeper, Redis servers and checkers on loopback, as a command.
#pragma once

#include <string>
#include <vector>

namespace zkcluster::zkctl {

// `args`: what follows the word dev. Returns the exit code.
int RunDev(const std::vector<std::string>& args);

}  // namespace zkcluster::zkctl
