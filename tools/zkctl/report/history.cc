#include "tools/zkctl/report/history.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ranges>

#include "base/join.h"
#include "tools/zkctl/report/report.h"

namespace zkcluster::zkctl {
namespace {

const Event::Update* UpdateOf(const JournalEntry& entry) {
  return entry.event ? entry.event->As<Event::Update>() : nullptr;
}

// By the version that it made.
using Formers = std::map<std::uint64_t, const FormerSpec*>;
Formers FormersOf(const std::vector<JournalEntry>& journal) {
  Formers formers;
  for (const JournalEntry& entry : journal) {
    const Event::Update* const update = UpdateOf(entry);
    if (update && update->former) formers[entry.event->spec_version] = &*update->former;
  }
  return formers;
}

// Calls `visit` with what made `version` what it is, then with what made the one before it, and so
// on, until that returns false or the journal has no more. Each step goes to a smaller version:
// damaged bytes cannot make a circle.
template <class Visit>
void WalkBack(const Formers& formers, std::uint64_t version, Visit visit) {
  for (;;) {
    const auto found = formers.find(version);
    if (found == formers.end() || found->second->settings.version >= version) return;
    if (!visit(*found->second)) return;
    version = found->second->settings.version;
  }
}

class Versions {
 public:
  void Add(const JournalEntry& entry) {
    if (!entry.event) return;
    const Event& event = *entry.event;
    if (const Event::Update* const update = UpdateOf(entry)) {
      if (update->former) (void)Of(update->former->settings.version);
      SpecVersion& made = Of(event.spec_version);
      made.at = event.at;
      made.by = event.by;
      made.reason = update->note;
      made.changes = update->changes;
    } else if (event.As<Event::Spec>()) {
      // The leader saw it later than an update that the journal has.
      SpecVersion& seen = Of(event.spec_version);
      if (seen.at == Micros(0)) seen.at = event.at;
    }
  }

  SpecVersion& Of(std::uint64_t version) {
    const auto known = std::ranges::find(versions_, version, &SpecVersion::version);
    if (known != versions_.end()) return *known;
    versions_.emplace_back();
    versions_.back().version = version;
    return versions_.back();
  }

  std::vector<SpecVersion> Take() { return std::move(versions_); }

 private:
  std::vector<SpecVersion> versions_;
};

}  // namespace

std::vector<SpecVersion> ListVersions(const ClusterSpec& current,
                                      const std::vector<JournalEntry>& journal) {
  Versions versions;
  for (const JournalEntry& entry : journal) versions.Add(entry);
  versions.Of(current.version).restorable = true;
  WalkBack(FormersOf(journal), current.version, [&](const FormerSpec& former) {
    versions.Of(former.settings.version).restorable = true;
    return true;
  });
  return versions.Take();
}

Result<ClusterSpec> RestoreVersion(const ClusterSpec& current,
                                   const std::vector<JournalEntry>& journal,
                                   std::uint64_t version) {
  Result<ClusterSpec> spec = current;
  WalkBack(FormersOf(journal), current.version, [&](const FormerSpec& former) {
    if (spec->version == version) return false;
    spec = RestoreSpec(former, *spec);
    return spec.has_value();
  });
  if (!spec || spec->version == version) return spec;
  const auto versions = ListVersions(current, journal);
  const bool known = std::ranges::find(versions, version, &SpecVersion::version) != versions.end();
  return Fail(ErrorCode::kNotFound,
              known ? "version " + std::to_string(version) +
                          " cannot be restored: a change since is not remembered, because it was "
                          "too large or not made by zkctl"
                    : "the journal has no version " + std::to_string(version) +
                          "; `zkctl history " + current.name + "` lists those that it has");
}

Result<std::uint64_t> VersionBefore(const ClusterSpec& current,
                                    const std::vector<JournalEntry>& journal) {
  std::uint64_t before = 0;
  WalkBack(FormersOf(journal), current.version, [&](const FormerSpec& former) {
    before = former.settings.version;
    return false;
  });
  if (before != 0) return before;
  return Fail(ErrorCode::kNotFound,
              "the journal does not remember what version " + std::to_string(current.version) +
                  " replaced: the cluster was never changed, or the last change was too large or "
                  "not made by zkctl");
}

std::string RemovalText(const std::vector<JournalEntry>& journal, const std::string& shard,
                        Micros now) {
  for (auto entry = journal.rbegin(); entry != journal.rend(); ++entry) {
    const Event::Update* const update = UpdateOf(*entry);
    if (!update || std::ranges::find(update->changes, shard + " removed") == update->changes.end())
      continue;
    return entry->event->by + " removed it " + RenderAge(entry->event->at, now);
  }
  return "";
}

OrderedJson HistoryJson(const ClusterSpec& current, const std::vector<SpecVersion>& versions) {
  OrderedJson json = OrderedJson::array();
  for (const SpecVersion& version : versions) {
    OrderedJson row;
    row["version"] = version.version;
    row["current"] = version.version == current.version;
    row["at"] = version.at == Micros(0) ? OrderedJson() : OrderedJson(version.at.count());
    row["by"] = version.by.empty() ? OrderedJson() : OrderedJson(version.by);
    row["reason"] = version.reason.empty() ? OrderedJson() : OrderedJson(version.reason);
    row["changes"] = version.changes;
    row["restorable"] = version.restorable;
    json.push_back(std::move(row));
  }
  return json;
}

namespace {

Micros MadeAt(const SpecVersion& version, Micros now) {
  if (version.at != Micros(0)) return version.at;
  return TimeOfVersion(version.version, now).value_or(Micros(0));
}

}  // namespace

std::string HistoryText(const ClusterSpec& current, const std::vector<SpecVersion>& versions,
                        Micros now, const Terminal& to) {
  std::vector<std::vector<Cell>> rows;
  for (const SpecVersion& version : versions) {
    const bool first = &version == &versions.front();
    std::string text = Join(version.changes, ", ");
    if (version.changes.empty()) {
      text = first ? "the first that the journal knows" : "not made by zkctl";
    }
    if (!version.reason.empty()) text += ": \"" + version.reason + "\"";
    if (!version.restorable) text += "; cannot be restored";
    const bool present = version.version == current.version;
    rows.push_back({Cell(std::to_string(version.version), present ? Color::kGood : Color::kNone),
                    RenderAge(MadeAt(version, now), now), version.by.empty() ? "-" : version.by,
                    present ? "now" : "", text});
  }
  return RenderTable({"VERSION", "MADE", "BY", "", "CHANGE"}, std::move(rows), to);
}

}  // namespace zkcluster::zkctl
