// Logs what an operator's maintenance does to a cluster's shards, as its leader sees it: what is
// under it, what no longer is, and whose flips it holds back. One line a change. Loop-bound; owned
// by the Leader.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "model/ledger.h"

namespace zkcluster {

class MaintenanceLog {
 public:
  MaintenanceLog(Logger& logger, std::string cluster);
  // `held`: shards that would flip but for it. Called at each look;
  // logs what differs from the last.
  void Tell(const Ledger& ledger, const std::vector<std::string>& held, Micros now);

  // Under maintenance, as of the last look.
  [[nodiscard]] std::size_t shards() const { return under_.size(); }

 private:
  Logger& logger_;
  const std::string cluster_;
  std::set<std::string> under_;
  std::vector<std::string> held_;
};

}  // namespace zkcluster
