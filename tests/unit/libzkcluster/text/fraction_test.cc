#include "text/fraction.h"

#include <doctest/doctest.h>

#include <random>

namespace fraction_test {

using namespace zkcluster;

TEST_CASE("fraction: texts") {
  for (const auto& c : std::vector<std::pair<const char*, double>>{
           {"0.5", 0.5}, {"1", 1}, {"1.0", 1}, {".25", 0.25}, {"0.001", 0.001}}) {
    CAPTURE(c.first);
    CHECK(ParseFraction(c.first) == Result<double>(c.second));
  }
  for (const char* text :
       {"", "0", "0.0", "1.01", "2", "-0.5", "+0.5", "5e-1", "0.5 ", " 0.5", "half", "0,5", "nan",
        "inf", ".", "0.5.5", "50%", "0.00000000000000000000000000000000000001"}) {
    CAPTURE(text);
    REQUIRE(!ParseFraction(text));
    CHECK(ParseFraction(text).error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("fraction: what is written is read back as the same number") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const double value = static_cast<double>(1 + random() % 100'000) / 100'000;
    CHECK(ParseFraction(FormatFraction(value)) == Result<double>(value));
  }
  CHECK(FormatFraction(0.5) == "0.5");
  CHECK(FormatFraction(1) == "1");
}

}  // namespace fraction_test
