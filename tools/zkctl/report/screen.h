// Fits text to a terminal that is drawn again and again: no line wraps, nothing scrolls. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zkcluster::zkctl {

// The first `columns` columns of a line; colours count for nothing and are ended with it.
[[nodiscard]] std::string CutLine(std::string_view line, std::size_t columns);

// What to write so that `text` stands on the screen from its first line on, whatever stood there:
// at most `rows` lines, the last of which says how many more there are.
[[nodiscard]] std::string DrawScreen(std::string_view text, std::size_t rows, std::size_t columns);

}  // namespace zkcluster::zkctl
