// A whole file as text. Blocking.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <string>

namespace zkcluster {

// Errors: kNotFound, kInvalid naming file and reason; kTooLarge above `limit` bytes.
[[nodiscard]] Result<std::string> ReadFile(const std::string& path, std::size_t limit);

}  // namespace zkcluster
