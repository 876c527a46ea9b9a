// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace zkcluster {

// Takes the first character off `text`. Where the bytes are no UTF-8 it takes one byte and returns
// nothing. REQUIRES: text is not empty.
[[nodiscard]] std::optional<char32_t> TakeCodePoint(std::string_view& text);

[[nodiscard]] bool IsUtf8(std::string_view text);

}  // namespace zkcluster
