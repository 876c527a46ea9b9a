// The answers of the reading verbs, as JSON and as text for people; those of `status` and of
// `events` are in headers of their own. The JSON forms are an interface: keys may be added, never
// renamed or removed. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/snapshot.h"
#include "follow/journal.h"
#include "model/ledger.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

// A checker whose last entry in the journal says that it is gone.
struct LastSeen {
  Micros gone{0};
  std::string rack;
};
using Absences = std::map<std::string, LastSeen>;  // by id
[[nodiscard]] Absences FindAbsences(const std::vector<JournalEntry>& journal);

// The registered checkers, in the order of election; then those that are gone, with what `absences`
// knows about them.
[[nodiscard]] OrderedJson CheckersJson(const Snapshot& snapshot, const Assessment& assessment);
[[nodiscard]] std::string CheckersText(const Snapshot& snapshot, const Assessment& assessment,
                                       Micros now, const Terminal& to,
                                       const Absences& absences = {});

struct LocateRow {
  std::string key;
  Location location;
};
[[nodiscard]] OrderedJson LocateJson(const std::vector<LocateRow>& rows);
[[nodiscard]] std::string LocateText(const std::vector<LocateRow>& rows, Micros now,
                                     const Terminal& to);

// --- Parts that several answers share ---
[[nodiscard]] std::string VotesText(const VoteCounts& counts);  // "0/3/0"
[[nodiscard]] Cell CountCell(std::size_t count, Color paint);   // painted unless it is 0
// Null: there is no checker of this id.
[[nodiscard]] const CheckerView* FindView(const Assessment& assessment, const std::string& id);
[[nodiscard]] OrderedJson ReasonJson(Reason reason);  // null for none
[[nodiscard]] OrderedJson CountsJson(const VoteCounts& counts);
// Null, or why nothing is decided.
[[nodiscard]] OrderedJson HeldJson(const Assessment& assessment);
// Null, or who paused until when.
[[nodiscard]] OrderedJson PauseJson(const std::optional<Pause>& pause);
[[nodiscard]] OrderedJson MaintenanceJson(const Maintenance& order);
// When this version was written. Nothing: it is no such time, although versions are meant to be.
[[nodiscard]] std::optional<Micros> TimeOfVersion(std::uint64_t version, Micros now);
// Leaves out the notes that begin with `repeated`: the caller has printed them already.
[[nodiscard]] std::string NotesText(const Assessment& assessment, const Terminal& to,
                                    std::string_view repeated = {});

}  // namespace zkcluster::zkctl
