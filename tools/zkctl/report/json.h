// The JSON that zkctl prints: its keys keep the order in which they were set. It is only declared
// here, as nlohmann's whole header takes long to compile: a .cc that makes or reads a value
// includes <nlohmann/json.hpp> itself. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace zkcluster::zkctl {

using OrderedJson = nlohmann::ordered_json;

}  // namespace zkcluster::zkctl
