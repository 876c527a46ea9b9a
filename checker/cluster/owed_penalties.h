// The penalties of one cluster's flapping shards. They are read from the ledger once, when this
// checker joins and before its first probe, so that a restart of a checker does not forgive them. A
// failed read is repeated. Owned by a Participant. Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "checker/probe/server_health.h"
#include "model/ledger.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

class OwedPenalties {
 public:
  // `again` runs when the ledger has been read, and when it is time to repeat a failed read.
  OwedPenalties(const ClusterScope& scope, std::function<void()> again);

  [[nodiscard]] bool known() const { return known_; }
  void Read();
  [[nodiscard]] FormerDeaths Of(const std::string& shard) const;

 private:
  const ClusterScope scope_;
  const std::function<void()> again_;
  bool known_ = false;
  std::map<std::string, Penalty> penalties_;
  std::unique_ptr<Timer> retry_;
  Backoff backoff_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
