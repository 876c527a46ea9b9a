// Random choices of the swarm itself: topology, faults, spec changes. Each purpose has dice of its
// own, so that one more draw for one purpose does not change the draws for the others, nor those of
// the simulated processes. Everything follows from the seed. Not thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace zkcluster::sim {

class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view purpose) : state_(seed * 0x9e3779b97f4a7c15) {
    for (const char c : purpose) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }

  [[nodiscard]] std::uint64_t Bits() {  // splitmix64
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  [[nodiscard]] double Unit() { return static_cast<double>(Bits() >> 11) * 0x1.0p-53; }  // [0, 1)
  [[nodiscard]] bool Chance(double probability) { return Unit() < probability; }
  [[nodiscard]] std::size_t Below(std::size_t bound) {  // REQUIRES: bound > 0
    ZKC_CHECK(bound > 0);
    return static_cast<std::size_t>(Bits() % bound);
  }
  [[nodiscard]] int Between(int low, int high) {  // both included
    return low + static_cast<int>(Below(static_cast<std::size_t>(high - low) + 1));
  }
  [[nodiscard]] Duration Between(Duration low, Duration high) {
    const auto span = static_cast<double>((high - low).count());
    return low + Duration(static_cast<Duration::rep>(span * Unit()));
  }
  // Uniform in the logarithm: short times are as likely as long ones. REQUIRES: 0 < low <= high.
  [[nodiscard]] Duration LogBetween(Duration low, Duration high) {
    const double ratio = static_cast<double>(high.count()) / static_cast<double>(low.count());
    const double drawn = static_cast<double>(low.count()) * std::pow(ratio, Unit());
    return Duration(static_cast<Duration::rep>(drawn));
  }
  template <class T>
  [[nodiscard]] const T& Pick(const std::vector<T>& from) {  // REQUIRES: not empty
    return from[Below(from.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace zkcluster::sim
