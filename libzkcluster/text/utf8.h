// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zkcluster {

// Takes the first character off `text`. Where the bytes are no UTF-8 it takes one byte and returns
// nothing. REQUIRES: text is not empty.
[[nodiscard]] std::optional<char32_t> TakeCodePoint(std::string_view& text);

[[nodiscard]] bool IsUtf8(std::string_view text);

// Control characters of ASCII, and C1 above it: U+009B begins an escape sequence on some terminals.
[[nodiscard]] constexpr bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
[[nodiscard]] bool HasControl(std::string_view text);  // ignores bytes that are no UTF-8

// Foreign text as part of a message: one line that cannot control a terminal, control
// characters and bytes that are no UTF-8 as \xNN; cut to the first `limit` bytes and "...".
[[nodiscard]] std::string OneLine(std::string_view text, std::size_t limit = 200);

}  // namespace zkcluster
