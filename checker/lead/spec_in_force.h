// What a checker works by in one cluster: the last good spec, the versions that its znodes have
// now, and the probe times that follow from it. Its Participant makes a new one whenever something
// of it changes; prober, voter and leader share it by pointer, so that nobody holds another one.
// Pure.
#pragma once

#include <memory>

#include "checker/probe/server_health.h"
#include "follow/spec_watcher.h"

namespace zkcluster {

struct SpecInForce {
  std::shared_ptr<const StoredSpec> stored;  // the last good one; never null
  // What ZooKeeper holds: other versions than those of `stored` while that cannot be used.
  SpecVersions standing;
  HealthSettings health;  // the spec's numbers, and the checker's own where the spec has none

  [[nodiscard]] const ClusterSpec& spec() const { return stored->spec; }
  [[nodiscard]] SpecId id() const { return stored->id; }
  // The znodes hold just this spec.
  [[nodiscard]] bool IsCurrent() const {
    return standing ==
           SpecVersions{stored->base_version, stored->shards_version, stored->options_version};
  }
};
using SharedSpec = std::shared_ptr<const SpecInForce>;

}  // namespace zkcluster
