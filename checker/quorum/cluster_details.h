// What a checker can tell of one cluster it serves, for people and for monitoring: its own
// opinions, its ballot, and, while it leads, what it counts and has decided. Made when asked for.
// Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/probe/worker.h"
#include "model/ballot.h"
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

struct ClusterDetails {
  ProbeGroup group = 0;  // its counters
  std::uint64_t spec_version = 0;
  bool registered = false;  // stands for election; votes count
  bool leading = false;
  bool frozen = false;  // these three: as far as this checker, while it leads, knows
  bool paused = false;
  std::size_t maintained = 0;             // shards
  std::array<std::size_t, 4> opinions{};  // shards by this checker's own Opinion
  std::vector<ListedShard> dead;          // in its opinion; the first kMaxShardsListed
  bool ballot_published = false;          // what stands in ZooKeeper is what this checker thinks
  Duration ballot_age{0};                 // since it was last written; 0 where none stands
  std::string leader;                     // who took over last; empty: nobody, or not known
  std::int64_t epoch = 0;                 // the same one's
  // Decided by this checker since it joined the cluster.
  std::uint64_t flips_to_dead = 0;
  std::uint64_t flips_to_alive = 0;
  std::optional<LeaderDetails> led;  // while leading, and the status was read

  [[nodiscard]] std::size_t opinion(Opinion which) const {
    return opinions[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] std::size_t shards() const {
    return opinions[0] + opinions[1] + opinions[2] + opinions[3];
  }
  bool operator==(const ClusterDetails&) const = default;
};

// Whether a checker votes in all its clusters.
struct Readiness {
  bool known = false;               // connected, and which clusters there are is known
  std::size_t unpublished = 0;      // clusters: the newest ballot does not stand (yet)
  std::vector<std::string> silent;  // these, and those whose spec allows no ballot
  [[nodiscard]] bool ready() const { return known && unpublished == 0; }
};

}  // namespace zkcluster
