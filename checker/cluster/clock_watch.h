// ClockWatch compares this host's wall clock with ZooKeeper's, as far as the stamps of this checker's
// own writes show it, and logs it when the two differ by more than kMostOff, and when they agree
// again. Nothing that checkers decide depends on this host's clock; its logs do, and so do the
// programs on it that compare the dates of their values with those of statuses. Owned by the
// Roster. Loop-bound conductor.
#pragma once

#include <memory>
#include <optional>

#include "base/log.h"
#include "base/loop.h"
#include "zk/client.h"

namespace zkcluster {

class ClockWatch {
 public:
  static constexpr Micros kMostOff = std::chrono::seconds(5);
  static constexpr Duration kBetween = std::chrono::seconds(10);

  ClockWatch(Loop& loop, Logger& logger, const zk::Client& client);

  // How far this host's clock is ahead of ZooKeeper's; nothing: not known yet.
  [[nodiscard]] std::optional<Micros> ahead() const;

 private:
  void Compare();

  Loop& loop_;
  Logger& logger_;
  const zk::Client& client_;
  bool off_ = false;
  std::unique_ptr<Timer> next_;
};

}  // namespace zkcluster
