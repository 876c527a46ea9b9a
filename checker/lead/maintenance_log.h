// Logs an operator's maintenance of a cluster's shards, as the leader sees it: the shards that
// enter it, those that leave it, and those whose flips it holds back. One line per change.
// Loop-bound; owned by the Leader.
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
  // `held`: shards that would flip without it. Called in each round; logs the changes
  // since the last.
  void Update(const Ledger& ledger, const std::vector<std::string>& held, Micros now);

  // Under maintenance, as of the last round.
  [[nodiscard]] std::size_t shards() const { return under_.size(); }

 private:
  Logger& logger_;
  const std::string cluster_;
  std::set<std::string> under_;
  std::vector<std::string> held_;
};

}  // namespace zkcluster
