// Secrets that are none: files with passwords or keys that everybody on this host may read.
// Blocking: looks at the files.
#pragma once

#include <string>
#include <vector>

#include "checker/config/config.h"

namespace zkcluster {

// As the configuration names them, each once. What systemd hands over (${CREDENTIALS_DIRECTORY}) it
// guards, too; a file that cannot be looked at is somebody else's complaint.
[[nodiscard]] std::vector<std::string> ExposedFiles(const CheckerConfig& config);

}  // namespace zkcluster
