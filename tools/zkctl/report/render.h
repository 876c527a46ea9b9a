// What zkctl prints: aligned tables and wrapped lines that fit a terminal's width, JSON, and YAML
// made of that JSON. No text from ZooKeeper can move a terminal's cursor or colour it: control
// characters are shown as \xNN. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <string>
#include <string_view>
#include <vector>

#include "tools/zkctl/report/json.h"

namespace zkcluster::zkctl {

inline constexpr std::string_view kReset = "\x1b[0m";  // ends every colour on a terminal

// Where a text goes.
struct Terminal {
  bool color = false;
  // Its width. 0: no terminal; each line is as long as it is, for grep and for other programs.
  std::size_t columns = 0;
};

enum class Color {
  kNone,
  kGood,
  kBad,
  kDoubtful,
  kFaint,
  kHeld,  // a status that the votes contradict
};

struct Cell {
  Cell(std::string t, Color c = Color::kNone) : text(std::move(t)), color(c) {}
  Cell(const char* t) : text(t) {}
  std::string text;
  Color color = Color::kNone;
};

// Columns two spaces apart, as wide as their widest cell; one that is empty in every row is left
// out. No spaces at the end of a line. Where the table is wider than the terminal, the columns
// named in `expendable` go, the first of them first; then the last column's text is wrapped within
// its column, or below its row where that would be narrow.
[[nodiscard]] std::string RenderTable(std::vector<std::string> header,
                                      std::vector<std::vector<Cell>> rows, const Terminal& to,
                                      const std::vector<std::string>& expendable = {});

// `text` in the colour `paint` if `color` is true.
[[nodiscard]] std::string Paint(std::string_view text, Color paint, bool color);
// Each of the lines, which have line ends.
[[nodiscard]] std::string PaintLines(std::string_view lines, Color paint, bool color);
[[nodiscard]] Color ColorOf(ShardStatus status);
[[nodiscard]] std::string Printable(std::string_view text);
// How many columns a terminal needs for it: one a code point (wide letters of East Asia count as
// two), none for a colour.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);

// Indented, with a line end. Bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string RenderJson(const OrderedJson& json);
// JSON on one line, for streams.
[[nodiscard]] std::string RenderJsonLine(const OrderedJson& json);
[[nodiscard]] std::string RenderYaml(const OrderedJson& json);

// "2026-11-21T03:17:34.120Z (3m 05s)"; "-" for never.
[[nodiscard]] std::string RenderSince(Micros since, Micros now);
// "3m 05s ago", where the time itself does not matter; "-" for never.
[[nodiscard]] std::string RenderAge(Micros since, Micros now);
// `text` in lines of at most `columns` columns (0: in one line), broken at spaces; the first begins
// at column `indent`, the others are indented by as many spaces. With a line end.
[[nodiscard]] std::string WrapText(std::string_view text, std::size_t indent, std::size_t columns);
// The first `limit` lines of `text`, and the number of the others.
[[nodiscard]] std::string FirstLines(const std::string& text, std::size_t limit);
// `; did you mean "s2"?`, or `; it has s1, s2` if none is near and there are only a
// few, or nothing.
[[nodiscard]] std::string NearestOf(std::string_view word,
                                    const std::vector<std::string_view>& known,
                                    std::string_view these);
// "1 shard", "2 shards"
[[nodiscard]] std::string Counted(std::size_t count, std::string_view noun);

}  // namespace zkcluster::zkctl
