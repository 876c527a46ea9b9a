#include "text/duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "text/digit.h"

namespace zkcluster {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<Unit, 5> kUnits = {{
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
}};
constexpr std::int64_t kLimitNs = 1000 * kUnits[0].ns;

// `us` in units of `unit_us`, exactly; empty where that is below 1 or never ends.
std::string InUnit(std::uint64_t us, std::uint64_t unit_us) {
  if (us < unit_us) return {};
  std::string text = std::to_string(us / unit_us);
  std::uint64_t rest = us % unit_us;
  if (rest != 0) text += '.';
  for (int digits = 0; rest != 0; ++digits) {
    if (digits == 9) return {};
    rest *= 10;
    text += static_cast<char>('0' + rest / unit_us);
    rest %= unit_us;
  }
  return text;
}

template <class... Args>
std::string Printed(const char* format, Args... args) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, args...);
  return buffer;
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  const auto fail = [] { return Fail(ErrorCode::kInvalid, "expected a duration such as 500ms"); };
  std::size_t whole_end = 0;
  while (whole_end < text.size() && IsDigit(text[whole_end])) ++whole_end;
  std::size_t number_end = whole_end;
  if (whole_end < text.size() && text[whole_end] == '.') {
    ++number_end;
    while (number_end < text.size() && IsDigit(text[number_end])) ++number_end;
    if (number_end == whole_end + 1) return fail();
  }
  if (whole_end == 0) return fail();
  const std::string_view unit_name = text.substr(number_end);
  for (const Unit& unit : kUnits) {
    if (unit.name != unit_name) continue;
    std::int64_t whole = 0;
    for (const char c : text.substr(0, whole_end)) {
      whole = whole * 10 + (c - '0');
      if (whole > kLimitNs / unit.ns)
        return Fail(ErrorCode::kInvalid, "a duration is at most 1000h");
    }
    std::int64_t ns = whole * unit.ns;
    std::int64_t place = unit.ns;
    for (std::size_t i = whole_end + 1; i < number_end; ++i) {
      place /= 10;
      ns += (text[i] - '0') * place;
    }
    if (ns > kLimitNs) return Fail(ErrorCode::kInvalid, "a duration is at most 1000h");
    // Rounded to what FormatDuration writes: a value that is read and written again stays the same.
    return Duration((ns + 500) / 1000 * 1000);
  }
  return fail();
}

std::string FormatDuration(Duration duration) {
  const bool negative = duration < Duration::zero();
  const auto magnitude = negative ? std::uint64_t{0} - static_cast<std::uint64_t>(duration.count())
                                  : static_cast<std::uint64_t>(duration.count());
  const std::uint64_t us = magnitude / 1000 + (magnitude % 1000 >= 500 ? 1 : 0);
  if (us == 0) return "0s";
  std::string best;
  bool best_is_whole = false;
  for (const Unit& unit : kUnits) {
    std::string text = InUnit(us, static_cast<std::uint64_t>(unit.ns) / 1000);
    if (text.empty()) continue;
    const bool is_whole = text.find('.') == std::string::npos;
    text += unit.name;
    // Of two equally short forms the whole number is easier to read: "150m" before "2.5h".
    const bool better = best.empty() || text.size() < best.size() ||
                        (text.size() == best.size() && is_whole && !best_is_whole);
    if (better) best = text, best_is_whole = is_whole;
  }
  return negative ? "-" + best : best;
}

std::string FormatAge(Duration duration) {
  const long long s =
      std::max<long long>(0, std::chrono::floor<std::chrono::seconds>(duration).count());
  if (s < 60) return Printed("%llds", s);
  if (s < 3600) return Printed("%lldm %02llds", s / 60, s % 60);
  if (s < 86'400) return Printed("%lldh %02lldm", s / 3600, s / 60 % 60);
  return Printed("%lldd %lldh", s / 86'400, s / 3600 % 24);
}

std::string FormatTime(Micros wall) {
  if (wall.count() == 0) return "-";
  // RFC 3339 cannot write later years; only foreign bytes hold such times.
  constexpr Micros kYear10000{253'402'300'800'000'000};
  if (wall.count() < 0 || wall >= kYear10000) return std::to_string(wall.count()) + "us";
  const std::chrono::sys_time<Micros> time(wall);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  return Printed("%04d-%02u-%02uT%02lld:%02lld:%02lld.%03lldZ", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                 static_cast<long long>(clock.hours().count()),
                 static_cast<long long>(clock.minutes().count()),
                 static_cast<long long>(clock.seconds().count()),
                 static_cast<long long>(clock.subseconds().count()));
}

}  // namespace zkcluster
