// The adapter of systemd's notify protocol (libsystemd): one message to whoever started this
// process, and how often that wants to hear from it. What is said, and when, is ServiceReport's.
// Thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <optional>
#include <string>

namespace zkcluster {

// Sends `NAME=value` lines to $NOTIFY_SOCKET. Nothing happens where nobody listens: a checker must
// not end because systemd has no ear.
void NotifyServiceManager(const std::string& lines);

// Whoever started this process takes it for hung after so long without WATCHDOG=1
// ($WATCHDOG_USEC, when $WATCHDOG_PID is ours). Nothing: nobody watches.
[[nodiscard]] std::optional<Duration> WatchdogLimit();

}  // namespace zkcluster
