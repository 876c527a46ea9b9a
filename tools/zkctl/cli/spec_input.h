// The spec that `-f FILE` names. One thread.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <string>
#include <string_view>
#include <vector>

#include "codec/valid_spec.h"

namespace zkcluster::zkctl {

// "-" is standard input. `name`: that of the command line; empty: the file must have it.
// Errors: those of yaml::ReadFile and ParseSpecFile, for ComplainAboutFile.
[[nodiscard]] Result<ValidSpec> ReadSpec(const std::string& file, std::string_view name);

// Every spec of a file of YAML documents, as `zkctl export` prints it; versions are ignored. The
// problems of all documents are reported, each at its place in the file. Errors: those of ReadSpec;
// also kInvalid for a cluster that appears twice.
[[nodiscard]] Result<std::vector<ValidSpec>> ReadSpecs(const std::string& file);
// The pure part of ReadSpecs.
[[nodiscard]] Result<std::vector<ValidSpec>> ParseSpecs(const std::string& file,
                                                        const std::string& text);

}  // namespace zkcluster::zkctl
