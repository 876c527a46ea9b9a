// Ledger: what a cluster's leader passes on to the next one, in the znode `ledger`. The leader
// rewrites it with its decisions, and operators' orders change it. Both keep what a newer
// zkcluster has added: each part holds the members that this build does not know in
// `unknown_keys`, as they were read: `"Key":value,...`. They stay as long as the part does. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/safeguards.h"

namespace zkcluster {

// How much a shard has flapped: after its last death it had to show `required` good probes in a row,
// or has to. See model/flapping.h.
struct Penalty {
  int required = 1;  // 1, 2, 4, 8 ...
  Micros since{0};   // when the status last flipped; while alive, time forgives from here
  int deaths = 0;    // since `first`; 0: a former build wrote it, which did not count
  Micros first{0};   // the first death that is not forgiven
  Micros died{0};    // the last death
  std::string unknown_keys;
  bool operator==(const Penalty&) const = default;
  // The status has not flipped since the last death.
  [[nodiscard]] bool dead() const { return deaths > 0 && died == since; }
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

// An order that is in the ledger as its operator wrote it. The operator cannot know what ZooKeeper's
// clock will say when the order is written, and no other clock may be believed. So an order says how
// long it holds, and the stamp of the very write says from when on: see DateOrders.
struct Undated {
  Micros length{0};         // 0: until an operator ends it
  std::int32_t ledger = 0;  // data version of the ledger that this write made
  bool operator==(const Undated&) const = default;
};

// An operator's order: checkers probe and vote, nothing flips. It ends by itself.
struct Pause {
  // By ZooKeeper's clock; while it is undated, by the operator's.
  Micros since{0};
  Micros until{0};  // 0: until an operator ends it
  std::string by;   // "user@host"
  std::string reason;
  std::string unknown_keys;
  std::optional<Undated> undated = {};
  bool operator==(const Pause&) const = default;
};

// An operator's order for one shard: checkers probe it, vote and log, but its status does not flip
// in either direction. The order is for the shard's name, not its address, and ends by itself.
struct Maintenance {
  // These three are as in Pause.
  Micros since{0};
  Micros until{0};
  std::string by;
  std::string reason;
  std::string unknown_keys;
  std::optional<Undated> undated = {};
  bool operator==(const Maintenance&) const = default;
};
// Whether a Pause or a Maintenance has ended by itself. `now` is by ZooKeeper's clock.
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
  // An operator's order that no leader has carried out yet: statuses that are dated ahead of
  // ZooKeeper's clock are dated again.
  bool redate = false;
  std::optional<Safeguards> safeguards;  // in force at the last commit, where any were
  std::string unknown_keys;
  bool operator==(const Ledger&) const = default;
};

// Dates the orders of a ledger that was read at data version `version`, stamped `modified`: those
// that this very write brought begin with its stamp. Where a build that knows nothing of this has
// rewritten the ledger since, the operator's own clock is all that is left. Every reader dates
// orders, and a writer of the ledger leaves them dated.
void DateOrders(Ledger& ledger, std::int32_t version, Micros modified);

}  // namespace zkcluster
