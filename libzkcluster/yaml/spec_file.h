// Spec files: YAML to ClusterSpec and back. `zkctl get` prints what `zkctl apply -f` accepts. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <string>
#include <string_view>

#include "codec/valid_spec.h"

namespace zkcluster {

// `name`: the cluster's name when the file leaves it out; when both are there they must be the
// same. Reads name, ring {type, points, hash}, the settings of model/settings.h and shards [{name,
// addr, weight}]. Every problem is reported as file:line:column, those of Validate too. JSON is
// YAML: `get -o json` is accepted as well. `version` may be in the file (as `get` prints it) and is
// returned. Errors: kInvalid, kTooLarge.
[[nodiscard]] Result<ClusterSpec> ParseSpecFile(std::string file, std::string_view text,
                                                std::string_view name = {});
// The same, for a spec that is to be written.
[[nodiscard]] Result<ValidSpec> ReadSpecFile(std::string file, std::string_view text,
                                             std::string_view name = {});

[[nodiscard]] std::string FormatSpecYaml(const ClusterSpec& spec);
// The same keys as the file; durations as text.
[[nodiscard]] std::string FormatSpecJson(const ClusterSpec& spec);

}  // namespace zkcluster
