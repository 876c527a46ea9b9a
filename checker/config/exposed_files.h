// Exposed secrets: files with passwords or keys that every user of this host may read. Blocking:
// checks the files.
#pragma once

#include <string>
#include <vector>

#include "checker/config/config.h"

namespace zkcluster {

// The exposed files, each once, under the names in the configuration. Files from systemd
// (${CREDENTIALS_DIRECTORY}) are left out, because systemd protects them; so are files that cannot
// be checked, because reading them reports the error.
[[nodiscard]] std::vector<std::string> ExposedFiles(const CheckerConfig& config);

}  // namespace zkcluster
