// What is owed when a leader fails at its job: in a world without other faults a leader is disturbed
// in one of many ways, perhaps its successor too, and a shard dies at the same moment. The death has
// to be decided within the threshold, the patience of the shadows and a margin, whatever the
// sessions say. Where the ensemble is slow for everybody, at most two leaders may be deposed.
// Otherwise [late] or [ping_pong] is violated. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "tests/sim/dice.h"
#include "tests/sim/scene.h"

namespace zkcluster::sim {

class Drill {
 public:
  // REQUIRES: Liveness::Settle and StayQuiet have passed.
  Drill(Scene& scene, Dice& dice) : scene_(scene), dice_(dice) {}

  void Run();

 private:
  enum class How : unsigned char {
    kKilled,
    kFrozen,
    kCut,       // the connection breaks
    kMute,      // nothing passes
    kNotHeard,  // what it sends vanishes
    kHearsNothing,
    kStarved,  // it runs now and then
    kHeardLate,
    kAllSlow,  // every write of everybody
  };
  struct Victim {
    std::size_t checker;
    std::uint64_t life;
  };

  [[nodiscard]] std::vector<Victim> Line(std::size_t cluster) const;
  // A shard whose death a quorum can decide without the victims. Empty: none.
  [[nodiscard]] std::string PickShard(std::size_t cluster, const std::vector<Victim>& victims);
  [[nodiscard]] Duration LongestWrite() const;
  void Disturb(const Victim& victim, How how);
  void Starve(std::uint64_t life);
  [[nodiscard]] Duration Bound(std::size_t cluster, std::size_t victims) const;
  [[nodiscard]] bool IsDead(std::size_t cluster, const std::string& addr) const;

  Scene& scene_;
  Dice& dice_;
  Duration slow_{0};
  Lifetime lifetime_;
};

}  // namespace zkcluster::sim
