// What a scene is made of: checkers, clusters, readers, operators, servers of the ensemble. Drawn
// from a seed for the swarm, written by hand for a scenario. Values; the draws are Pure.
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

// The bounds within which every scene keeps, so that 50 s of virtual time hold several elections
// and a few deaths, and so that what is owed can be said in seconds (see liveness.h).
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
  int format = 1;  // 2: a build of tomorrow (tests/fakes/tomorrow.h)
};

struct ClusterPlan {
  ClusterSpec spec;  // as first created
  // The next sequence number of a candidate, where the election is to begin near
  // the end of 32 bits.
  std::int32_t first_sequence = 0;
};

struct ScenePlan {
  std::uint64_t seed = 1;
  std::vector<CheckerPlan> checkers;
  std::vector<ClusterPlan> clusters;
  HealthSettings health;  // of the checkers' own files
  int readers = 1;
  int operators = 1;
  int servers = 1;           // of the ensemble
  bool two_formats = false;  // each start of a checker is of today's build or of tomorrow's
  TraceMode trace = TraceMode::kOff;

  [[nodiscard]] std::string Describe() const;
};

// Three checkers, one cluster "a" of four shards, one reader, one operator, one server: what a
// scenario starts from.
[[nodiscard]] ScenePlan PlainScene();
[[nodiscard]] ScenePlan DrawScene(std::uint64_t seed);

// "10.1.0.1:7": shard `number` (from 1) of cluster `cluster` (from 0), in its `life`th place: a
// shard that moves gets another address.
[[nodiscard]] std::string AddressOf(std::size_t cluster, int number, int place = 1);

// All addresses that the shards of a cluster, created like that, may ever have.
[[nodiscard]] std::vector<std::string> AddressesOf(std::size_t cluster, const ClusterSpec& spec);

// A change that an operator might make: shards that come, go, move or change places, other numbers.
// Keeps every rule of Validate.
[[nodiscard]] ClusterSpec DrawChange(Dice& dice, const ClusterSpec& from, std::size_t cluster,
                                     std::size_t checkers);

}  // namespace zkcluster::sim
