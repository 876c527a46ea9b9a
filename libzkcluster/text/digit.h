// Which characters are decimal digits. Unlike std::isdigit this ignores the locale and accepts any
// char. The parsers of addresses and durations use it. Pure.
#pragma once

namespace zkcluster {

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace zkcluster
