// Durations as users write them: a whole or decimal number and a unit (us, ms, s, m, h). Times as
// RFC 3339 has them. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <string>
#include <string_view>

namespace zkcluster {

// "500ms", "1.5s", "2m", rounded to microseconds. Errors: kInvalid ("expected a
// duration such as 500ms"). Never negative; at most 1,000 h.
[[nodiscard]] Result<Duration> ParseDuration(std::string_view text);
// The shortest exact form that ParseDuration reads back: "1.5s", "500ms", "0s".
// Rounds to microseconds.
[[nodiscard]] std::string FormatDuration(Duration duration);
// For people: "12s", "3m 05s", "2h 10m", "5d 3h".
[[nodiscard]] std::string FormatAge(Duration duration);
// RFC 3339 in UTC with milliseconds: "2026-11-21T03:17:34.120Z"; "-" for 0.
[[nodiscard]] std::string FormatTime(Micros wall);
// Reads that back, also without the smaller parts: "2026-11-30", "2026-11-30T04:00Z",
// "2026-11-30T04:00:12.5Z". Always UTC. Errors: kInvalid.
[[nodiscard]] Result<Micros> ParseTime(std::string_view text);

}  // namespace zkcluster
