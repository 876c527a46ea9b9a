#include "checker/service/notify.h"

#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdint>

namespace zkcluster {

void NotifyServiceManager(const std::string& lines) {
  static_cast<void>(sd_notify(0, lines.c_str()));
}

std::optional<Duration> WatchdogLimit() {
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
  return std::chrono::microseconds(micros);
}

}  // namespace zkcluster
