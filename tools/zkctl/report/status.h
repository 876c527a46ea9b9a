// `zkctl status`, `list` and `maintenance list`: what the checkers have decided about shards. A
// shard whose votes say otherwise than its status is on top, in a colour of its own, with what keeps
// its status as it is. The JSON forms are an interface: keys may be added, never renamed or removed.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/snapshot.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

struct StatusView {
  // Then the shards that are not alive, for a screen that may be too small.
  bool dead_first = false;
  bool dead_only = false;  // none but these, and the disputed ones
};
[[nodiscard]] OrderedJson StatusJson(const Snapshot& snapshot, const Assessment& assessment,
                                     const StatusView& view = {});
[[nodiscard]] std::string StatusText(const Snapshot& snapshot, const Assessment& assessment,
                                     Micros now, const Terminal& to, const StatusView& view = {});

// The orders of maintenance, by shard.
[[nodiscard]] OrderedJson MaintenanceListJson(const Snapshot& snapshot,
                                              const Assessment& assessment);
[[nodiscard]] std::string MaintenanceListText(const Snapshot& snapshot,
                                              const Assessment& assessment, Micros now,
                                              const Terminal& to);

// One cluster of `list`; `error` says why its health is unknown.
struct ListRow {
  std::string name;
  std::optional<std::uint64_t> version;
  std::size_t shards = 0;
  std::size_t alive = 0;
  std::size_t dead = 0;
  std::size_t unknown = 0;
  bool frozen = false;
  bool paused = false;
  std::size_t maintained = 0;  // shards under maintenance
  std::vector<std::string> flapping;
  std::vector<std::string> looking_dead;  // disputed shards
  std::vector<std::string> looking_alive;
  std::string looks_for;              // for how long the first of them at least
  std::string paused_by;              // "root@vm, no end"
  std::vector<std::string> outliers;  // checkers that alone contradict all others
  int quorum = 0;
  std::size_t votes = 0;             // ballots that count
  std::vector<std::string> missing;  // checkers of the electorate whose ballot does not count
  std::string missing_text;          // of these, see MissingText
  std::string error;
};
[[nodiscard]] ListRow MakeListRow(const Snapshot& snapshot, const Assessment& assessment);
[[nodiscard]] ListRow MakeListRow(const Snapshot& snapshot);
[[nodiscard]] OrderedJson ListJson(const std::vector<ListRow>& rows);
[[nodiscard]] std::string ListText(const std::vector<ListRow>& rows, const Terminal& to);

}  // namespace zkcluster::zkctl
