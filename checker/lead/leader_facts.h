// What a cluster's leader counts and has decided: the innermost part of a checker's report to
// people and to monitoring (see checker/cluster/checker_facts.h). Made on request. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/enum_array.h"
#include "checker/rules/hold.h"
#include "checker/rules/round.h"
#include "checker/rules/tally.h"
#include "model/board.h"
#include "model/ledger.h"
#include "model/reason.h"

namespace zkcluster {

// How much the caller wants. Counts are cheap enough for every second.
enum class FactsDepth : unsigned char {
  kCounts,
  kShards,  // also what needs a walk over all shards: the names of dead ones; statuses
};

// At most this many shards of a kind and cluster are listed by name; counts include all.
inline constexpr std::size_t kMaxShardsListed = 100;

struct ListedShard {
  std::string name;
  std::string addr;
  Reason reason = Reason::kNone;
  Micros since{0};  // of a status; 0 for an opinion
  bool operator==(const ListedShard&) const = default;
};

// A shard that flaps, by the ledger (model/flapping.h).
struct FlappingShard {
  std::string name;
  int deaths = 0;  // that are not forgiven
  int owed = 0;    // good probes in a row that its return needs, or after its last death needed
  bool operator==(const FlappingShard&) const = default;
};

struct LeaderFacts {
  std::int64_t epoch = 0;
  Hold hold = Hold::kNone;     // the hold at the last count
  bool frozen = false;         // false until the ledger was read
  std::size_t maintained = 0;  // shards under an operator's maintenance
  bool status_read = false;    // whether what follows is known
  int quorum = 0;              // 0: not counted yet
  int electorate = 0;
  std::vector<FlappingShard> flapping;           // at most kMaxShardsListed
  std::map<std::string, bool> voters;            // the electorate: whether its ballots count
  EnumArray<Outcome, std::size_t> outcomes;      // shards, by the last count
  EnumArray<ShardStatus, std::size_t> statuses;  // shards; only for kShards
  std::vector<ListedShard> dead;                 // by status; the first ones; for kShards
  // How far the latest date of a status is ahead of ZooKeeper's clock; only for kShards.
  Micros dated_ahead{0};

  [[nodiscard]] bool paused() const { return hold == Hold::kPaused; }
  [[nodiscard]] std::vector<std::string> Missing() const {
    std::vector<std::string> missing;
    for (const auto& [id, votes] : voters) {
      if (!votes) missing.push_back(id);
    }
    return missing;
  }
  bool operator==(const LeaderFacts&) const = default;
};

// The part of a round that these facts need, kept until the next round that counts.
struct LastCount {
  int quorum = 0;
  int electorate = 0;
  std::map<std::string, bool> voters;
  EnumArray<Outcome, std::size_t> outcomes;
};
[[nodiscard]] LastCount CountOf(const Round& round);
[[nodiscard]] LeaderFacts FactsOf(const LastCount& count);
[[nodiscard]] std::vector<FlappingShard> FindFlapping(const Ledger& ledger, Micros now,
                                                      Duration threshold);
// The part for FactsDepth::kShards.
void AddStatuses(LeaderFacts& facts, const std::vector<ShardSpec>& shards, const StatusBoard& board,
                 Micros now);

}  // namespace zkcluster
