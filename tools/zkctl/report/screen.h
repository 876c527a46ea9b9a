// Fits text to a terminal that is drawn again and again: no line wraps, nothing scrolls. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zkcluster::zkctl {

// The first `columns` columns of a line; colours have no width, and end with the line.
[[nodiscard]] std::string CutLine(std::string_view line, std::size_t columns);

// The bytes that draw `text` from the screen's first line on, over its former contents: at most
// `rows` lines; the last one gives the number of lines left out.
[[nodiscard]] std::string DrawScreen(std::string_view text, std::size_t rows, std::size_t columns);

}  // namespace zkcluster::zkctl
