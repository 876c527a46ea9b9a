#include "text/duration.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace duration_test {

using namespace zkcluster;
using namespace std::chrono_literals;

TEST_CASE("duration: parse and shortest form") {
  struct Case {
    std::string text;
    Duration value;
    std::string formatted;
  };
  const std::vector<Case> cases = {
      {"500ms", 500ms, "500ms"},
      {"1.5s", 1500ms, "1.5s"},
      {"1500ms", 1500ms, "1.5s"},
      {"2m", 2min, "2m"},
      {"120s", 2min, "2m"},
      {"90s", 90s, "90s"},
      {"0s", 0s, "0s"},
      {"0h", 0s, "0s"},
      {"0.5s", 500ms, "500ms"},
      {"1us", 1us, "1us"},
      {"1.001ms", 1001us, "1001us"},
      {"1000h", 1000h, "1000h"},
      {"1.25h", 75min, "75m"},
      {"2.5h", 150min, "150m"},
      {"3600s", 1h, "1h"},
      {"0.000001s", 1us, "1us"},
      {"007s", 7s, "7s"},
      {"1.23456789012345678901s", 1234568us, "1234568us"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto parsed = ParseDuration(c.text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == c.value);
    CHECK(FormatDuration(*parsed) == c.formatted);
  }
}

TEST_CASE("duration: what is refused") {
  for (const char* text : {"",         "s",
                           "5",        "5 s",
                           " 5s",      "5s ",
                           "-5s",      "+5s",
                           ".5s",      "5.s",
                           "1.2.3s",   "5sec",
                           "5S",       "5d",
                           "1e3s",     "1000.1h",
                           "1001h",    "99999999999999999999999us",
                           "3600001s", "4000000000000000us",
                           "nan",      "infs",
                           "1h30m"}) {
    CAPTURE(text);
    const auto parsed = ParseDuration(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == ErrorCode::kInvalid);
  }
  CHECK(ParseDuration("5").error().message == "expected a duration such as 500ms");
}

TEST_CASE("duration: nothing beyond the text is read") {
  CHECK(!ParseDuration(std::string_view("55ms", 1)));
  CHECK(*ParseDuration(std::string_view("5s9", 2)) == std::chrono::seconds(5));
}

TEST_CASE("duration: every formatted value is read back") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    // All magnitudes equally often, and many round numbers.
    std::int64_t us = static_cast<std::int64_t>(random() % 3'600'000'000'000u) >> (random() % 42);
    if (random() % 2 == 0) us = us / 1000 * 1000;
    const Duration value = std::chrono::microseconds(us);
    CAPTURE(us);
    CHECK(ParseDuration(FormatDuration(value)) == value);
  }
}

TEST_CASE("duration: rounded to microseconds, so that what is written stays the same") {
  CHECK(ParseDuration("0.0000014s") == Duration(1us));
  CHECK(ParseDuration("1.5us") == Duration(2us));
  CHECK(ParseDuration("0.4us") == Duration(0us));
  CHECK(ParseDuration("0.3333333333h") == Duration(1'200'000'000us));
}

TEST_CASE("duration: rounding and negative values") {
  CHECK(FormatDuration(499ns) == "0s");
  CHECK(FormatDuration(500ns) == "1us");
  CHECK(FormatDuration(-1500ms) == "-1.5s");
  CHECK(FormatDuration(Duration::min()).front() == '-');
  CHECK_FALSE(FormatDuration(Duration::max()).empty());
}

TEST_CASE("duration: ages for people") {
  CHECK(FormatAge(-5s) == "0s");
  CHECK(FormatAge(999ms) == "0s");
  CHECK(FormatAge(12s) == "12s");
  CHECK(FormatAge(185s) == "3m 05s");
  CHECK(FormatAge(2h + 10min + 59s) == "2h 10m");
  CHECK(FormatAge(123h) == "5d 3h");
}

TEST_CASE("duration: times") {
  CHECK(FormatTime(Micros(0)) == "-");
  CHECK(FormatTime(Micros(1'795'231'054'120'999)) == "2026-11-21T03:17:34.120Z");
  CHECK(FormatTime(Micros(1'709'164'800'000'000)) == "2024-02-29T00:00:00.000Z");
  CHECK(FormatTime(Micros(1)) == "1970-01-01T00:00:00.000Z");
  CHECK(FormatTime(Micros(253'402'300'799'999'999)) == "9999-12-31T23:59:59.999Z");
  CHECK(FormatTime(Micros(253'402'300'800'000'000)) == "253402300800000000us");
  CHECK(FormatTime(Micros::max()) == "9223372036854775807us");
  CHECK(FormatTime(Micros(-1)) == "-1us");
}

TEST_CASE("duration: times are read back, also without their smaller parts") {
  for (const std::int64_t us :
       std::initializer_list<std::int64_t>{1'795'231'054'120'000, 1'709'164'800'000'000, 1'000}) {
    CHECK(ParseTime(FormatTime(Micros(us))) == Micros(us));
  }
  CHECK(ParseTime("2026-11-21") == Micros(1'795'219'200'000'000));
  CHECK(ParseTime("2026-11-21T03:17") == Micros(1'795'231'020'000'000));
  CHECK(ParseTime("2026-11-21T03:17Z") == Micros(1'795'231'020'000'000));
  CHECK(ParseTime("2026-11-21T03:17:34.1234567Z") == Micros(1'795'231'054'123'456));
  for (const char* text :
       {"", "2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-21T", "2h", "2026-11-21T3:17",
        "2026-11-21T24:00", "2026-11-21T03:60Z", "2026-11-21 03:17", "2026-11-21T03:17:60",
        "2026-11-21T03:17+01:00", "-026-11-21"}) {
    CHECK_MESSAGE(!ParseTime(text), text);
  }
}

}  // namespace duration_test
