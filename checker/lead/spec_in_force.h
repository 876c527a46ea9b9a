// The spec that a checker uses in one cluster: the last good spec, the current versions of its
// znodes, and the probe settings that follow from it. Its Participant makes a new one after each
// change; prober, voter and leader share it by pointer, so that all use the same one. Pure.
#pragma once

#include <memory>

#include "checker/probe/server_health.h"
#include "follow/spec_watcher.h"

namespace zkcluster {

struct SpecInForce {
  std::shared_ptr<const StoredSpec> stored;  // the last good one; never null
  // The versions in ZooKeeper. They differ from those of `stored` while the spec there
  // cannot be used.
  SpecVersions standing;
  HealthSettings health;  // the spec's numbers, or the checker's own where it has none

  [[nodiscard]] const ClusterSpec& spec() const { return stored->spec; }
  [[nodiscard]] SpecId id() const { return stored->id; }
  // True if the znodes hold exactly this spec.
  [[nodiscard]] bool IsCurrent() const {
    return standing ==
           SpecVersions{stored->base_version, stored->shards_version, stored->options_version};
  }
};
using SharedSpec = std::shared_ptr<const SpecInForce>;

}  // namespace zkcluster
