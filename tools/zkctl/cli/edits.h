// Changes to a spec as options give them: `--shard`, `--set-addr`, `--checkers` ... The options
// that change settings come from the table in model/settings.h. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/settings.h"
#include "tools/zkctl/cli/option_set.h"

namespace zkcluster::zkctl {

// One setting's new value; "none" unsets it.
struct SettingEdit {
  const Setting* setting;
  SettingValue value;
  bool operator==(const SettingEdit&) const = default;
};

struct SpecEdits {
  std::vector<ShardSpec> add_shards;
  std::vector<std::string> remove_shards;
  std::vector<ShardSpec> set_addresses;
  std::vector<std::pair<std::string, int>> weights;  // by name of the shard
  std::optional<RingType> ring;
  std::optional<int> points;
  std::optional<RingHash> hash;
  std::vector<SettingEdit> settings;
  bool operator==(const SpecEdits&) const = default;
};

// The options that fill `edits`: with `of_new` all but those that change an existing list of
// shards, else all but those that make one.
void DeclareEdits(OptionSet& set, SpecEdits& edits, bool of_new);
// Errors: kInvalid: two options contradict each other.
[[nodiscard]] Result<void> CheckEdits(const SpecEdits& edits);

// Removes first, then moves, then adds at the end of the list, then weighs. A ring of another type
// begins with the defaults of that type. The result is not validated.
// Errors: kNotFound (removes, moves or weighs a shard that is not there),
// kExists (adds one that is).
[[nodiscard]] Result<ClusterSpec> ApplyEdits(ClusterSpec spec, const SpecEdits& edits);

// The same list with one name changed, in its place.
// Errors: kNotFound with the nearest name, kExists.
[[nodiscard]] Result<ClusterSpec> RenameShard(ClusterSpec spec, const std::string& from,
                                              const std::string& to);

}  // namespace zkcluster::zkctl
