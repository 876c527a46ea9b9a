// The parts of a scene: checkers, clusters, readers, operators, servers of the ensemble. The swarm
// draws them from a seed; a scenario lists them. Values; the draws are Pure.
#pragma once

#include <zkcluster/spec.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <string>
#include <vector>

#include "checker/probe/server_health.h"
#include "tests/sim/dice.h"
#include "tests/sim/trace.h"

namespace zkcluster::sim {

// The limits of every scene, so that 50 s of virtual time hold several elections and a few deaths,
// and so that progress has a limit in seconds (see liveness.h).
inline constexpr Duration kShortestSession = std::chrono::seconds(2);
inline constexpr Duration kLongestSession = std::chrono::seconds(4);
inline constexpr Duration kLongestInterval = std::chrono::seconds(1);
inline constexpr Duration kLongestProbe = std::chrono::milliseconds(400);
inline constexpr Duration kLongestThreshold = std::chrono::seconds(2);
inline constexpr Duration kShortestThreshold = std::chrono::seconds(1);
inline constexpr Duration kShortestRefused = std::chrono::milliseconds(500);

struct CheckerPlan {
  std::string id;
  std::string rack;
  Duration session_timeout = kShortestSession;
  int format = 1;  // 2: a future build (tests/fakes/tomorrow.h)
};

struct ClusterPlan {
  ClusterSpec spec;  // as first created
  // The next sequence number of a candidate, for an election that begins near the end of 32 bits.
  std::int32_t first_sequence = 0;
};

// Settings of probes within the bounds above.
[[nodiscard]] HealthSettings DrawHealth(Dice& dice);

struct ScenePlan {
  std::uint64_t seed = 1;
  std::vector<CheckerPlan> checkers;
  std::vector<ClusterPlan> clusters;
  HealthSettings health;  // in the checkers' own files
  int readers = 1;
  int operators = 1;
  int servers = 1;           // those of the ensemble
  bool named = false;        // hosts are names: see scene_names.h
  bool two_formats = false;  // each start of a checker is a current build or a future one
  TraceMode trace = TraceMode::kOff;

  [[nodiscard]] std::string Describe() const;
};

// Three checkers, one cluster "a" of four shards, one reader, one operator, one server: what a
// scenario starts from.
[[nodiscard]] ScenePlan PlainScene();
[[nodiscard]] ScenePlan DrawScene(std::uint64_t seed);

// "10.1.0.1:7": shard `number` (from 1) of cluster `cluster` (from 0), at its `place`-th address: a
// shard that moves gets another one.
[[nodiscard]] std::string AddressOf(std::size_t cluster, int number, int place = 1);

// All addresses that the shards of a cluster with this first spec may ever have.
[[nodiscard]] std::vector<std::string> AddressesOf(std::size_t cluster, const ClusterSpec& spec);

// A change that an operator might make: shards that are added, removed, moved or reordered, and
// other numbers. The result passes Validate.
[[nodiscard]] ClusterSpec DrawChange(Dice& dice, const ClusterSpec& from, std::size_t cluster,
                                     std::size_t checkers);

}  // namespace zkcluster::sim
