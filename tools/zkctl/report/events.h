// `zkctl events`: the journal as JSON, and as rows for people. A row is one event: the time (on a
// terminal the day is above the first row of each day), the kind, who did it, and what. The JSON is
// an interface: keys may be added, never renamed or removed. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "follow/journal.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

// `node` is the name of the event's znode; an undecodable event carries its error.
[[nodiscard]] OrderedJson EventJson(std::string_view node, const Result<Event>& event);

// Which entries are wanted; what is empty wants all.
struct EventFilter {
  Micros since{0};
  std::string shard;               // its name, or the address that it had
  std::vector<std::string> kinds;  // as rows show them, see EventKindWords
};
[[nodiscard]] bool Matches(const JournalEntry& entry, const EventFilter& filter);
// "flip", "leader", "spec" ...
[[nodiscard]] std::vector<std::string_view> EventKindWords();

// Makes the rows, in columns that fit all of `entries`; later ones may follow.
class EventRows {
 public:
  // `shard`: of an event of many flips only this one's are shown. Empty: all.
  explicit EventRows(Terminal to, std::string shard = {},
                     const std::vector<JournalEntry>& entries = {});
  [[nodiscard]] std::string Next(const JournalEntry& entry);

 private:
  const Terminal to_;
  const std::string shard_;
  std::size_t by_width_ = 2;
  std::string day_;  // of the last row
};

}  // namespace zkcluster::zkctl
