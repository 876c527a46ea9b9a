// Ledger: what a cluster's leader passes on to the next one, in the znode `ledger`. The leader
// rewrites it with its decisions, and operators' orders change it. Both keep what a newer
// zkcluster has added: each part holds the members that this build does not know in
// `unknown_keys`, as they were read: `"Key":value,...`. They stay as long as the part does. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/safeguards.h"

namespace zkcluster {

// How much a shard has flapped: after a death it must show `required` good probes in a row.
struct Penalty {
  int required = 1;  // 1, 2, 4, 8 ...
  Micros since{0};   // when the status last flipped; while alive it decays from here
  std::string unknown_keys;
  bool operator==(const Penalty&) const = default;
};

// Too many shards would be dead at once (ClusterSpec::max_dead_fraction): no more are marked dead.
//
//   off --more than allowed would be dead--> frozen --fewer than three quarters of it--> off
//   frozen --an operator lifts it--> off (and frozen again at the next decision, if still too many)
//   frozen --an operator accepts the deaths--> off, with `accepted` = the number that would be dead
//          then: more than these freeze again; `accepted` is forgotten below the three quarters
struct Freeze {
  bool frozen = false;
  Micros since{0};      // of the last time it began
  int dead = 0;         // shards that would have been dead as it began
  bool accept = false;  // an operator's order that no leader has read yet
  int accepted = 0;
  std::string unknown_keys;
  bool operator==(const Freeze&) const = default;
};

// An operator's order: checkers probe and vote, nothing flips. It ends by itself.
struct Pause {
  Micros since{0};
  Micros until{0};  // by the leader's wall clock; 0: until an operator ends it
  std::string by;   // "user@host"
  std::string reason;
  std::string unknown_keys;
  bool operator==(const Pause&) const = default;
};

// An operator's order for one shard: checkers probe it, vote and log, but its status does not flip
// in either direction. The order is for the shard's name, not its address, and ends by itself.
struct Maintenance {
  Micros since{0};
  Micros until{0};  // by the leader's wall clock; 0: until an operator ends it
  std::string by;   // "user@host"
  std::string reason;
  std::string unknown_keys;
  bool operator==(const Maintenance&) const = default;
};
// Whether a Pause or a Maintenance has ended by itself.
template <class Order>
[[nodiscard]] constexpr bool IsOver(const Order& order, Micros now) {
  return order.until != Micros(0) && now >= order.until;
}
// Shards of a cluster under maintenance at once: the ledger is rewritten with flips.
inline constexpr std::size_t kMaxMaintained = 200;

struct Ledger {
  std::set<std::string> electorate;          // every checker ever seen, except forgotten ones
  std::map<std::string, Penalty> penalties;  // by shard name
  // A ledger was lost (removed, or undecodable) while the electorate had this size: until that many
  // ids are known again, the electorate counts as this size. 0: never lost.
  int at_least = 0;
  Freeze freeze;
  std::optional<Pause> pause;
  std::map<std::string, Maintenance> maintenance;  // by shard name
  std::optional<Safeguards> safeguards;            // in force at the last commit, where any were
  std::string unknown_keys;
  bool operator==(const Ledger&) const = default;
};

}  // namespace zkcluster
