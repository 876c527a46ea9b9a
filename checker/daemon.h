// The composition root of zkchecker: makes the loops, the session, the workers and the roster,
// ties them together, and takes them apart in good order on SIGTERM or SIGINT. The only place
// besides main.cc that knows which adapters are behind the seams. One thread calls Run; it is
// the main loop.
#pragma once

#include <string>

#include "checker/config/config.h"

namespace zkcluster {

// Exit codes, from sysexits.h; systemd does not restart on 64 and 78.
inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;
inline constexpr int kExitConfig = 78;

// Runs until it has to stop; reads `config_file` again at SIGHUP. Returns the exit code: kExitOk
// after SIGTERM or SIGINT, kExitUnavailable when another daemon holds the id, kExitConfig when a
// password file or the log file cannot be opened.
[[nodiscard]] int RunDaemon(const CheckerConfig& config, std::string config_file);

}  // namespace zkcluster
