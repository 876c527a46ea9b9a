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

// How long the service manager waits for WATCHDOG=1 before it takes this process for hung
// ($WATCHDOG_USEC, when $WATCHDOG_PID is ours). Nothing: it does not watch.
[[nodiscard]] std::optional<Duration> WatchdogLimit();

}  // namespace zkcluster
