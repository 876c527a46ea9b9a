// What the flapping shards of one cluster owe, as the ledger has it when this checker joins: a
// restart of a checker must not forgive it. Read once, before the first probe; a read that fails is
// tried again. Owned by a Participant. Loop-bound conductor.
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
  // `again` runs when the ledger was read, and when a failed read is worth another try.
  OwedPenalties(const ClusterScope& scope, std::function<void()> again);

  [[nodiscard]] bool known() const { return known_; }
  void Read();
  // Good probes in a row that the shard's next return asks for, as of now.
  [[nodiscard]] int RequiredFor(const std::string& shard, const HealthSettings& health) const;

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
