#include "text/duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

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

namespace {

// A number of exactly `digits` digits, taken from the front of `text`.
std::optional<int> TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    if (!IsDigit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool TakeMark(std::string_view& text, char mark) {
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(1);
  return true;
}

// Up to a microsecond; further digits are read and dropped.
Micros TakeFraction(std::string_view& text) {
  Micros fraction{0};
  Micros place{100'000};
  while (!text.empty() && IsDigit(text.front())) {
    fraction += (text.front() - '0') * place;
    place /= 10;
    text.remove_prefix(1);
  }
  return fraction;
}

// "04", ":00", ":12", ".5" of "04:00:12.5"; hours and minutes have to be there.
std::optional<Micros> TakeClock(std::string_view& text) {
  const auto hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !TakeMark(text, ':')) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Micros time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (!TakeMark(text, ':')) return time;
  const auto second = TakeNumber(text, 2);
  if (!second || *second > 59) return std::nullopt;
  time += std::chrono::seconds(*second);
  return TakeMark(text, '.') ? time + TakeFraction(text) : time;
}

}  // namespace

Result<Micros> ParseTime(std::string_view text) {
  const auto fail = [] {
    return Fail(ErrorCode::kInvalid, "expected a time such as 2026-11-30T04:00Z");
  };
  const auto year = TakeNumber(text, 4);
  if (!year || !TakeMark(text, '-')) return fail();
  const auto month = TakeNumber(text, 2);
  if (!month || !TakeMark(text, '-')) return fail();
  const auto day = TakeNumber(text, 2);
  if (!day) return fail();
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return fail();
  const Micros start = std::chrono::sys_days(date).time_since_epoch();
  if (text.empty()) return start;
  if (!TakeMark(text, 'T')) return fail();
  const auto clock = TakeClock(text);
  if (!clock) return fail();
  (void)TakeMark(text, 'Z');
  if (!text.empty()) return fail();
  return start + *clock;
}

}  // namespace zkcluster
