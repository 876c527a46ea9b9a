// Runs one seed of the swarm, from the drawing of its world to its verdict. Everything follows from
// the options: two runs with the same options agree in every bit. Nothing outlives the call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/counters.h"
#include "tests/sim/scene.h"
#include "tests/sim/trace.h"

namespace zkcluster::sim {

enum class Mode {
  kSafety,    // faults for ever; only the invariants are judged
  kLiveness,  // faults for half of the steps; then progress is judged
  kBoth,      // odd seeds are safety seeds, even ones are liveness seeds
};

struct SeedOptions {
  std::uint64_t seed = 1;
  int steps = 2000;  // each Scene::kStep of virtual time; a liveness seed may take more
  Mode mode = Mode::kBoth;
  TraceMode trace = TraceMode::kOff;
};

struct SeedResult {
  std::optional<Violation> violation;
  Counters counters;
  std::uint64_t hash = 0;            // of every transaction and every reader's table
  std::uint64_t steps = 0;           // how many ran
  std::uint64_t events = 0;          // those of the simulated world
  std::string description;           // the drawn world and its faults, for people
  std::vector<std::string> history;  // the newest lines, if the options ask for a trace
};

[[nodiscard]] SeedResult RunSeed(const SeedOptions& options);
[[nodiscard]] Mode ModeOf(const SeedOptions& options);  // never kBoth

}  // namespace zkcluster::sim
