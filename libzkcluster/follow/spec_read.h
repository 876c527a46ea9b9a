// The three znodes of a spec, read once, as they were at one moment. SpecWatcher, ClusterAdmin and
// ReadSnapshot share this. Our manager writes the three in one multi. A Go manager writes them one
// after the other: such values belong together if all three were there at one moment. Loop-bound
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

  // All three were last written by one transaction, so they belong together.
  [[nodiscard]] bool FromOneWrite() const;
  // The spec is made for a newer zkcluster: it cannot be used here, and must not be overwritten.
  [[nodiscard]] bool NeedsNewer() const;
};

// Errors: kNotFound (no base), kBadData (shards or options are missing, undecodable,
// or break a rule).
[[nodiscard]] Result<StoredSpec> DecodeStoredSpec(std::string_view name, const RawSpec& raw);

// Reads everything committed before the call. Each part may be absent. Not retried across sessions.
// Errors: those of every verb; kConflict when the cluster changed during every try.
void ReadRawSpec(zk::Client& client, ClusterPaths paths, std::function<void(Result<RawSpec>)> done);

}  // namespace zkcluster
