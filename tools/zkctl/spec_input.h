// The spec that `-f FILE` names. One thread.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <string_view>

#include "tools/zkctl/command_line.h"

namespace zkcluster::zkctl {

// "-" is standard input. `name`: that of the command line; empty: the file must say it.
// Errors: those of yaml::ReadFile and ParseSpecFile, for ComplainAboutFile.
[[nodiscard]] Result<ClusterSpec> ReadSpec(const CommandLine& line, std::string_view name);

}  // namespace zkcluster::zkctl
