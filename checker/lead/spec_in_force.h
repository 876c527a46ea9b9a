// The spec that a checker works by: the last good one it has read, what its znodes hold now, and
// the numbers of its probes with the checker's defaults filled in. One value, made by the
// Participant when any of it changes and shared by all who work on the cluster. Pure.
#pragma once

#include <zkcluster/time.h>
#include <memory>

#include "follow/spec_watcher.h"

namespace zkcluster {

struct SpecInForce {
  StoredSpec stored;
  // The data versions of the spec's znodes now; see SpecWatcher::State. While these are bad, the
  // last good spec decides.
  SpecVersions standing;
  Duration interval{};  // of probes
  Duration threshold{};

  // The znodes hold just this spec.
  [[nodiscard]] bool IsCurrent() const {
    return standing ==
           SpecVersions{stored.base_version, stored.shards_version, stored.options_version};
  }
  bool operator==(const SpecInForce&) const = default;
};
using SharedSpec = std::shared_ptr<const SpecInForce>;  // never null

}  // namespace zkcluster
