// The adapter of systemd's notify protocol (libsystemd): sends messages to the service manager, and
// reads the watchdog's limit. ServiceReport decides what is sent, and when. Thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <optional>
#include <string>

namespace zkcluster {

// Sends `NAME=value` lines to $NOTIFY_SOCKET. Without a listener nothing happens: a checker must
// not end because systemd does not listen.
void NotifyServiceManager(const std::string& lines);

// The time that the service manager waits for WATCHDOG=1 before it takes this process for hung
// ($WATCHDOG_USEC, if $WATCHDOG_PID is ours). Nothing: no watchdog.
[[nodiscard]] std::optional<Duration> WatchdogLimit();

}  // namespace zkcluster
