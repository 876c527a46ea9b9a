// The spec that `-f FILE` names. One thread.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <string>
#include <string_view>
#include <vector>

#include "tools/zkctl/cli/command_line.h"

namespace zkcluster::zkctl {

// "-" is standard input. `name`: that of the command line; empty: the file must say it.
// Errors: those of yaml::ReadFile and ParseSpecFile, for ComplainAboutFile.
[[nodiscard]] Result<ClusterSpec> ReadSpec(const CommandLine& line, std::string_view name);

// Every spec of a file of YAML documents, as export prints it; versions are left out. The problems
// of all documents are reported, each at its place in the file. Errors: those of ReadSpec; kInvalid
// too for a cluster that is there twice.
[[nodiscard]] Result<std::vector<ClusterSpec>> ReadSpecs(const CommandLine& line);
// Pure part of it.
[[nodiscard]] Result<std::vector<ClusterSpec>> ParseSpecs(const std::string& file,
                                                          const std::string& text);

}  // namespace zkcluster::zkctl
