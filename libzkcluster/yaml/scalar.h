// Text as a YAML scalar that every YAML reader reads as the same text: plain where that is safe,
// else in double quotes ("yes", "null", "1e3", ":6379"). Pure.
#pragma once

#include <string>
#include <string_view>

namespace zkcluster::yaml {

// One line. REQUIRES: `text` is UTF-8.
[[nodiscard]] std::string FormatScalar(std::string_view text);

}  // namespace zkcluster::yaml
