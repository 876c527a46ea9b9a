// What the leader of a cluster counts and has decided: the innermost part of what a checker reports
// for people and for monitoring (see checker/cluster/checker_facts.h). Made when asked for. Pure.
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
#include "model/reason.h"

namespace zkcluster {

// How much is asked for. Counts are cheap enough to be asked for each second.
enum class FactsDepth : unsigned char {
  kCounts,
  kShards,  // and what takes a walk over all shards: those that are dead, by name; statuses
};

// Shards listed by name in one answer, of each kind and cluster; the counts are of all.
inline constexpr std::size_t kMaxShardsListed = 100;

struct ListedShard {
  std::string name;
  std::string addr;
  Reason reason = Reason::kNone;
  Micros since{0};  // of a status; 0 for an opinion
  bool operator==(const ListedShard&) const = default;
};

struct LeaderFacts {
  std::int64_t epoch = 0;
  Hold hold = Hold::kNone;     // what keeps everything from being decided, as of the last count
  bool frozen = false;         // false until the ledger was read
  std::size_t maintained = 0;  // shards that an operator lets not flip
  bool status_read = false;    // whether what follows is known
  int quorum = 0;              // 0: nothing was counted yet
  int electorate = 0;
  std::map<std::string, bool> voters;            // of the electorate: whether their ballot counts
  EnumArray<Outcome, std::size_t> outcomes;      // shards, by the last count
  EnumArray<ShardStatus, std::size_t> statuses;  // shards; for FactsDepth::kShards
  std::vector<ListedShard> dead;                 // by status; the first kMaxShardsListed; likewise

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

// What remains of a round for these facts, until the next one that counts.
struct LastCount {
  int quorum = 0;
  int electorate = 0;
  std::map<std::string, bool> voters;
  EnumArray<Outcome, std::size_t> outcomes;
};
[[nodiscard]] LastCount CountOf(const Round& round);
[[nodiscard]] LeaderFacts FactsOf(const LastCount& count);
// The part for FactsDepth::kShards.
void AddStatuses(LeaderFacts& facts, const std::vector<ShardSpec>& shards,
                 const StatusBoard& board);

}  // namespace zkcluster
