#include "base/enum_array.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace enum_array_test {

namespace {

enum class Fruit { kApple, kPear, kPlum };
constexpr Fruit LastOf(Fruit) {
  return Fruit::kPlum;
}

using FruitCounts = zkcluster::EnumArray<Fruit, std::size_t>;

}  // namespace

TEST_CASE("enum array: a value for each enumerator, all of them zero at first") {
  static_assert(FruitCounts::kSize == 3);
  FruitCounts counts;
  CHECK(counts[Fruit::kApple] == 0);
  CHECK(counts[Fruit::kPlum] == 0);
  CHECK(counts.Sum() == 0);
  ++counts[Fruit::kPlum];
  counts[Fruit::kPear] += 4;
  CHECK(counts == FruitCounts{{Fruit::kPear, 4}, {Fruit::kPlum, 1}});
  CHECK(counts != FruitCounts{{Fruit::kPear, 4}});
  CHECK(counts.Sum() == 5);
}

}  // namespace enum_array_test
