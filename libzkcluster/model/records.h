// The small records checkers keep under `quorum/`: who is registered, who leads, what the leader
// remembers, what happened. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/board.h"

namespace zkcluster {

// In the candidate znode: who a checker is.
struct Registration {
  std::string id;
  std::string host;
  std::string rack;
  std::int64_t pid = 0;
  std::string version;          // of the program
  Micros since{0};              // start of this registration
  Duration session_timeout{0};  // how long it outlives a crash; 0: not known
  bool operator==(const Registration&) const = default;
};

// In `leader`. The znode's data version is the fencing token.
struct LeaderRecord {
  std::string id;
  std::int64_t epoch = 0;  // 1, 2, 3 ...: one for each take-over
  Micros since{0};
  bool operator==(const LeaderRecord&) const = default;
};

// How much a shard has flapped: after a death it must show `required` good probes in a row.
struct Penalty {
  int required = 1;  // 1, 2, 4, 8 ...
  Micros since{0};   // when the status last flipped; while alive it decays from here
  bool operator==(const Penalty&) const = default;
};

// Too many shards would be dead at once (ClusterSpec::max_dead_fraction): no more are marked dead.
//
//   off --more than allowed would be dead--> frozen --fewer than three quarters of it--> off
//   frozen --an operator lifts it--> off (and frozen again at the next look, if still so many)
//   frozen --an operator accepts the deaths--> off, with `accepted` = as many as would be dead
//          then: more than these freeze again; `accepted` is forgotten below the three quarters
struct Freeze {
  bool frozen = false;
  Micros since{0};      // of the last time it began
  int dead = 0;         // shards that would have been dead as it began
  bool accept = false;  // an operator's wish that no leader has seen yet
  int accepted = 0;
  bool operator==(const Freeze&) const = default;
};

// An operator's order: checkers probe and vote, nothing flips. It ends by itself.
struct Pause {
  Micros since{0};
  Micros until{0};  // by the leader's wall clock; 0: until an operator ends it
  std::string by;   // "user@host"
  std::string reason;
  bool operator==(const Pause&) const = default;
};

// An operator's order for one shard: checkers probe it, vote and log, and its status never flips,
// neither way. It is of the shard's name, whatever its address, and ends by itself.
struct Maintenance {
  Micros since{0};
  Micros until{0};  // by the leader's wall clock; 0: until an operator ends it
  std::string by;   // "user@host"
  std::string reason;
  bool operator==(const Maintenance&) const = default;
};
// Whether a Pause or a Maintenance has ended by itself.
template <class Order>
[[nodiscard]] constexpr bool IsOver(const Order& order, Micros now) {
  return order.until != Micros(0) && now >= order.until;
}
// Shards of a cluster under maintenance at once: the ledger is rewritten with flips.
inline constexpr std::size_t kMaxMaintained = 200;

// In `ledger`: what a leader hands on to the next. Operators write here too (OrderCall).
struct Ledger {
  std::set<std::string> electorate;          // every checker ever seen and not told to forget
  std::map<std::string, Penalty> penalties;  // by shard name
  // A ledger was lost (removed, or undecodable) while the electorate had this size: until as many
  // ids are known again, it counts for that many. 0: never lost.
  int at_least = 0;
  Freeze freeze;
  std::optional<Pause> pause;
  std::map<std::string, Maintenance> maintenance;  // by shard name
  bool operator==(const Ledger&) const = default;
};

// One line of the journal `events`.
struct Event {
  enum class Kind {
    kFlips,
    kLeader,
    kSpec,
    kElectorate,  // ids learned
    kForget,      // ids an operator told it to forget
    kFreeze,
    kUnfreeze,  // by an operator, or because few enough would be dead
    kPause,
    kResume,  // by an operator, or because its time was over
    kMaintenance,
    kMaintenanceOver,  // by an operator, because its time was over, or the shard is no more
  };
  struct Flip {
    std::string shard;
    std::string addr;
    ShardStatus from = ShardStatus::kUnknown;
    ShardStatus to = ShardStatus::kUnknown;
    Reason reason = Reason::kNone;
    VoteCounts counts;
    bool operator==(const Flip&) const = default;
  };
  Kind kind = Kind::kFlips;
  Micros at{0};
  std::string leader;
  std::int64_t epoch = 0;
  int quorum = 0;
  std::uint64_t spec_version = 0;
  std::vector<Flip> flips;  // of kFlips: at most kMaxEventFlips, the rest is only counted
  std::size_t more_flips = 0;
  std::vector<std::string> ids;  // of kElectorate and kForget; of kMaintenance*: shards
  std::string by;                // the operator; empty: the leader
  std::string note;              // of kPause, kMaintenance: why; of kUnfreeze: "accepted" or empty
  Micros until{0};               // of kPause and kMaintenance
  int dead = 0;                  // of kFreeze and kUnfreeze: shards that would be dead
  bool operator==(const Event&) const = default;
};
inline constexpr std::size_t kMaxEventFlips = 200;
[[nodiscard]] std::string_view EventKindName(Event::Kind kind);  // "flips", "leader", ...

}  // namespace zkcluster
