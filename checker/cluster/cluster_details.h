// What a checker can tell of one cluster it serves, for people and for monitoring: its own
// opinions, its ballot, and, while it leads, what it counts and has decided. Made when asked for.
// Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/lead/leader_details.h"
#include "checker/probe/worker.h"
#include "model/ballot.h"
#include "model/reason.h"

namespace zkcluster {

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
