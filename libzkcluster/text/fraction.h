// Fractions as people and specs write them: "0.5", "1", "0.333". Decimal digits and one point, no
// exponent, no sign. Pure.
#pragma once

#include <zkcluster/result.h>
#include <string>
#include <string_view>

namespace zkcluster {

// A smaller fraction of anything here is nothing, and digits stay few.
inline constexpr double kMinFraction = 1e-6;

// kMinFraction .. 1. Error: kInvalid, without the place.
[[nodiscard]] Result<double> ParseFraction(std::string_view text);
// The shortest text that ParseFraction reads back as the same number. REQUIRES: `fraction` is one
// that ParseFraction can return.
[[nodiscard]] std::string FormatFraction(double fraction);

}  // namespace zkcluster
