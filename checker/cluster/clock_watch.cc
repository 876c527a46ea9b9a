#include "checker/cluster/clock_watch.h"

#include <chrono>
#include <utility>

namespace zkcluster {

ClockWatch::ClockWatch(Loop& loop, Logger& logger, const zk::Client& client)
    : loop_(loop), logger_(logger), client_(client), next_(loop.NewTimer([this] { Compare(); })) {
  next_->Arm(kBetween / 10);
}

std::optional<Micros> ClockWatch::ahead() const {
  const auto server = client_.server_time();
  return server ? std::optional(loop_.WallNow() - *server) : std::nullopt;
}

void ClockWatch::Compare() {
  next_->Arm(kBetween / 2 + Duration(static_cast<Duration::rep>(
                                loop_.Random() * static_cast<double>(kBetween.count()))));
  const auto by = ahead();
  if (!by) return;
  const bool off = *by > kMostOff || *by < -kMostOff;
  if (off == std::exchange(off_, off)) return;
  const auto ahead_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*by).count();
  logger_.Log(off ? LogLevel::kWarn : LogLevel::kInfo, off ? "clock.off" : "clock.right",
              {{"ahead_ms", ahead_ms}});
}

}  // namespace zkcluster
