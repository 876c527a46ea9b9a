// One value for each enumerator of an enum, indexed by the enumerator itself: counts of opinions,
// of outcomes, of statuses. The enum's header declares `constexpr E LastOf(E)`, which returns its
// last enumerator; enumerators count from 0 without gaps. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <numeric>
#include <utility>

namespace zkcluster {

template <class Enum, class T>
class EnumArray {
 public:
  static constexpr std::size_t kSize = static_cast<std::size_t>(LastOf(Enum{})) + 1;

  // Every value is T{}, but for those given.
  constexpr EnumArray() = default;
  constexpr EnumArray(std::initializer_list<std::pair<Enum, T>> given) {
    for (const auto& [key, value] : given) (*this)[key] = value;
  }

  [[nodiscard]] constexpr T& operator[](Enum key) { return values_[static_cast<std::size_t>(key)]; }
  [[nodiscard]] constexpr const T& operator[](Enum key) const {
    return values_[static_cast<std::size_t>(key)];
  }
  [[nodiscard]] constexpr T Sum() const {
    return std::accumulate(values_.begin(), values_.end(), T{});
  }
  bool operator==(const EnumArray&) const = default;

 private:
  std::array<T, kSize> values_{};
};

}  // namespace zkcluster
