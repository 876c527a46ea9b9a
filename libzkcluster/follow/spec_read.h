// The three znodes of a spec as they stood together, read once. What SpecWatcher, ClusterAdmin and
// ReadSnapshot have in common; a Go manager writes the three one after the other, so "together"
// means that they were seen side by side, and in one multi where our manager wrote them. Loop-bound
// (ReadRawSpec); the rest is Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "follow/spec_watcher.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

struct RawSpec {
  std::optional<zk::Node> base;
  std::optional<zk::Node> shards;
  std::optional<zk::Node> options;

  // All three were last written by one transaction, so they belong together whatever came later.
  [[nodiscard]] bool FromOneWrite() const;
  // It is made for a newer zkcluster: it cannot be used here, and must not be overwritten.
  [[nodiscard]] bool NeedsNewer() const;
};

// Errors: kNotFound (no base), kBadData (shards or options are missing, undecodable,
// or break a rule).
[[nodiscard]] Result<StoredSpec> DecodeStoredSpec(std::string_view name, const RawSpec& raw);

// Reads everything committed before the call. Each part may be absent. Not retried across sessions.
// Errors: those of every verb; kConflict when the cluster would not stand still.
void ReadRawSpec(zk::Client& client, ClusterPaths paths, std::function<void(Result<RawSpec>)> done);

}  // namespace zkcluster
