// The changes of a decision, one alternative for each kind. Decide makes the list; the commit
// writes it into the journal; the leader's log and the checker's counters read it. Each of
// them visits every alternative, without a default: a new kind does not compile until all
// three know it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "model/journal.h"

namespace zkcluster {

using Flip = Event::Flip;  // of one shard
struct FreezeBegan {
  std::size_t would_be_dead = 0;  // shards, if nothing were held back
  bool operator==(const FreezeBegan&) const = default;
};
struct FreezeEnded {  // by the count, or because the spec no longer asks for a freeze
  std::size_t would_be_dead = 0;
  bool operator==(const FreezeEnded&) const = default;
};
struct PauseOver {  // its time has passed
  bool operator==(const PauseOver&) const = default;
};
// The time of these orders has passed, or the spec no longer has their shards.
struct MaintenanceOver {
  std::vector<std::string> shards;  // sorted
  bool operator==(const MaintenanceOver&) const = default;
};

// A writer that knows none of them, such as a Go manager, dropped these settings from the spec; they
// stay in force (model/safeguards.h).
struct KeysLost {
  std::vector<std::string> keys;  // with values: "quorum=2"
  bool operator==(const KeysLost&) const = default;
};

using Change = std::variant<KeysLost, PauseOver, MaintenanceOver, FreezeBegan, FreezeEnded, Flip>;

// The changes of one kind, in their order.
template <class Kind>
[[nodiscard]] std::vector<Kind> ChangesOf(const std::vector<Change>& changes) {
  std::vector<Kind> found;
  for (const Change& change : changes) {
    if (const auto* one = std::get_if<Kind>(&change)) found.push_back(*one);
  }
  return found;
}
template <class Kind>
[[nodiscard]] std::size_t CountOf(const std::vector<Change>& changes) {
  std::size_t count = 0;
  for (const Change& change : changes) count += std::holds_alternative<Kind>(change) ? 1 : 0;
  return count;
}

}  // namespace zkcluster
