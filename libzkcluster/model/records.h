// The small records checkers keep under `quorum/`: who is registered, who leads, what the leader
// remembers, what happened. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <map>
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

// In `ledger`: what a leader hands on to the next.
struct Ledger {
  std::set<std::string> electorate;          // every checker ever seen and not told to forget
  std::map<std::string, Penalty> penalties;  // by shard name
  // A ledger was lost (removed, or undecodable) while the electorate had this size: until as many
  // ids are known again, it counts for that many. 0: never lost.
  int at_least = 0;
  bool operator==(const Ledger&) const = default;
};

// One line of the journal `events`.
struct Event {
  enum class Kind { kFlips, kLeader, kSpec, kElectorate };
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
  std::vector<std::string> ids;  // of kElectorate: who was learned
  bool operator==(const Event&) const = default;
};
inline constexpr std::size_t kMaxEventFlips = 200;
[[nodiscard]] std::string_view EventKindName(Event::Kind kind);  // "flips", "leader", ...

}  // namespace zkcluster
