// What can hold every decision of a cluster back, however the votes stand. (Freeze, pause and the
// number of racks join here.) Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

struct GuardFacts {
  std::vector<std::string> go_voters;  // live `n_` znodes
};

enum class Hold : unsigned char {
  kNone,
  kGoCheckers,  // a Go leader is not fenced and counts only whoever is present: never decide beside
                // it
};

[[nodiscard]] Hold FindHold(const GuardFacts& facts);
[[nodiscard]] std::string_view HoldName(Hold hold);         // "none", "go_checkers"
[[nodiscard]] std::string_view HoldExplanation(Hold hold);  // a sentence for people

}  // namespace zkcluster
