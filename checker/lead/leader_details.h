// What the leader of a cluster counts and has decided, for people and for monitoring. Made when
// asked for. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checker/rules/round.h"
#include "model/reason.h"

namespace zkcluster {

// Shards listed by name in one answer, of each kind and cluster; the counts are of all.
inline constexpr std::size_t kMaxShardsListed = 100;

struct ListedShard {
  std::string name;
  std::string addr;
  Reason reason = Reason::kNone;
  Micros since{0};  // of a status; 0 for an opinion
  bool operator==(const ListedShard&) const = default;
};

// Of the checker that leads.
struct LeaderDetails {
  std::int64_t epoch = 0;
  std::string_view hold = "none";  // HoldName: what keeps everything from being decided
  int quorum = 0;                  // 0: nothing was counted yet
  int electorate = 0;
  std::map<std::string, bool> voters;     // of the electorate: whether their ballot counts
  std::array<std::size_t, 3> outcomes{};  // shards by Outcome of the last count
  std::array<std::size_t, 3> statuses{};  // shards by ShardStatus
  std::vector<ListedShard> dead;          // by status; the first kMaxShardsListed
  [[nodiscard]] std::vector<std::string> Missing() const {
    std::vector<std::string> missing;
    for (const auto& [id, votes] : voters) {
      if (!votes) missing.push_back(id);
    }
    return missing;
  }
  bool operator==(const LeaderDetails&) const = default;
};

// What remains of a round for these details, until the next one.
struct LastCount {
  int quorum = 0;
  int electorate = 0;
  std::map<std::string, bool> voters;
  std::array<std::size_t, 3> outcomes{};
};
[[nodiscard]] LastCount CountOf(const Round& round);
[[nodiscard]] LeaderDetails DetailsOf(std::int64_t epoch, Hold hold, const LastCount& count,
                                      const std::vector<ShardSpec>& shards,
                                      const StatusBoard& board);

}  // namespace zkcluster
