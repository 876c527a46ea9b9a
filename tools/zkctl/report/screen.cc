#include "tools/zkctl/report/screen.h"

#include <algorithm>
#include <vector>

#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {
namespace {

constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Bytes of the escape sequence ("\x1b[31m") or of the code point that begins here.
std::size_t StepOf(std::string_view rest) {
  if (rest[0] == '\x1b') {
    const std::size_t end = rest.find('m');
    return end == std::string_view::npos ? rest.size() : end + 1;
  }
  std::size_t bytes = 1;
  while (bytes < rest.size() && (static_cast<unsigned char>(rest[bytes]) & 0xc0U) == 0x80) ++bytes;
  return bytes;
}

}  // namespace

std::string CutLine(std::string_view line, std::size_t columns) {
  std::string cut;
  std::size_t width = 0;
  bool painted = false;
  while (!line.empty()) {
    const std::string_view step = line.substr(0, StepOf(line));
    const bool escape = step[0] == '\x1b';
    if (!escape) width += DisplayWidth(step);
    if (width > columns) return cut + (painted ? std::string(kReset) : "");
    if (escape) painted = step != kReset;
    cut += step;
    line.remove_prefix(step.size());
  }
  return cut;
}

std::string DrawScreen(std::string_view text, std::size_t rows, std::size_t columns) {
  const auto lines = LinesOf(text);
  const bool fits = lines.size() <= rows;
  const std::size_t shown = fits ? lines.size() : std::max<std::size_t>(rows, 1) - 1;
  std::string out(kHome);
  for (std::size_t i = 0; i < shown; ++i) {
    out += CutLine(lines[i], columns);
    out += kClearLine;
    // A line end after the last line of the screen would scroll it.
    if (i + 1 < rows) out += "\r\n";
  }
  if (!fits) {
    out += CutLine("... " + std::to_string(lines.size() - shown) + " more lines", columns);
    out += kClearLine;
  }
  return out + std::string(kClearBelow);
}

}  // namespace zkcluster::zkctl
