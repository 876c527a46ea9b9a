// The answers of the reading verbs, as JSON and as text for people. The JSON forms are an
// interface: keys may be added, never renamed or removed. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/snapshot.h"
#include "model/journal.h"
#include "model/ledger.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

[[nodiscard]] OrderedJson StatusJson(const Snapshot& snapshot, const Assessment& assessment);
[[nodiscard]] std::string StatusText(const Snapshot& snapshot, const Assessment& assessment,
                                     Micros now, bool color, bool dead_first = false);

// The orders of maintenance, by shard.
[[nodiscard]] OrderedJson MaintenanceListJson(const Snapshot& snapshot,
                                              const Assessment& assessment);
[[nodiscard]] std::string MaintenanceListText(const Snapshot& snapshot,
                                              const Assessment& assessment, Micros now, bool color);

// The registered checkers, in the order of election.
[[nodiscard]] OrderedJson CheckersJson(const Snapshot& snapshot, const Assessment& assessment);
[[nodiscard]] std::string CheckersText(const Snapshot& snapshot, const Assessment& assessment,
                                       Micros now, bool color);

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
  std::string error;
};
[[nodiscard]] ListRow MakeListRow(const Snapshot& snapshot);
[[nodiscard]] OrderedJson ListJson(const std::vector<ListRow>& rows);
[[nodiscard]] std::string ListText(const std::vector<ListRow>& rows, bool color);

struct LocateRow {
  std::string key;
  Location location;
};
[[nodiscard]] OrderedJson LocateJson(const std::vector<LocateRow>& rows);
[[nodiscard]] std::string LocateText(const std::vector<LocateRow>& rows, Micros now, bool color);

// `node` is the name of the event's znode; an undecodable event carries its error.
[[nodiscard]] OrderedJson EventJson(std::string_view node, const Result<Event>& event);
// One line; for an event of flips, one line each.
[[nodiscard]] std::string EventText(std::string_view node, const Result<Event>& event, bool color);

// --- Parts shared with `explain` ---
[[nodiscard]] OrderedJson ReasonJson(Reason reason);  // null for none
[[nodiscard]] OrderedJson CountsJson(const VoteCounts& counts);
// Null, or why nothing is decided.
[[nodiscard]] OrderedJson HeldJson(const Assessment& assessment);
// Null, or who paused until when.
[[nodiscard]] OrderedJson PauseJson(const std::optional<Pause>& pause);
[[nodiscard]] OrderedJson MaintenanceJson(const Maintenance& order);
// Leaves out the notes that begin with `repeated`: the caller has printed them already.
[[nodiscard]] std::string NotesText(const Assessment& assessment, bool color,
                                    std::string_view repeated = {});

}  // namespace zkcluster::zkctl
