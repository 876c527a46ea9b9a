#include "tools/zkctl/report/render.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/join.h"
#include "text/duration.h"
#include "yaml/scalar.h"
#include "yaml/suggest.h"

namespace zkcluster::zkctl {
namespace {

std::string_view Escape(Color color) {
  switch (color) {
    case Color::kNone:
      return "";
    case Color::kGood:
      return "\x1b[32m";
    case Color::kBad:
      return "\x1b[31;1m";
    case Color::kDoubtful:
      return "\x1b[33m";
    case Color::kFaint:
      return "\x1b[2m";
    case Color::kHeld:
      return "\x1b[35;1m";
  }
  return "";
}

// The ranges terminals draw two columns wide, roughly: Hangul, CJK, kana, full-width forms, emoji.
bool IsWide(unsigned code) {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
         (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
         (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
         (code >= 0x1f300 && code <= 0x1faff);
}

std::string ScalarText(const OrderedJson& json) {
  if (json.is_string()) return yaml::FormatScalar(json.get_ref<const std::string&>());
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

bool IsNested(const OrderedJson& json) {
  return (json.is_object() || json.is_array()) && !json.empty();
}

void AppendYaml(std::string& out, const OrderedJson& json, std::size_t indent, bool after_dash) {
  const std::string margin(indent, ' ');
  bool first = true;
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      // The first key of a map in a list is on the line of the dash.
      if (!(after_dash && first)) out += margin;
      first = false;
      out += yaml::FormatScalar(key) + ":";
      if (IsNested(value)) {
        out += "\n";
        AppendYaml(out, value, indent + 2, false);
      } else {
        out += " " + ScalarText(value) + "\n";
      }
    }
    return;
  }
  for (const OrderedJson& value : json) {
    if (!(after_dash && first)) out += margin;
    first = false;
    out += "- ";
    if (IsNested(value)) {
      AppendYaml(out, value, indent + 2, true);
    } else {
      out += ScalarText(value) + "\n";
    }
  }
}

}  // namespace

std::string Printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // 0xc2 0x80..0x9f are control characters too: 0x9b begins an escape sequence.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte >= 0x20 && byte != 0x7f && !c1) {
      printable += text[i];
      continue;
    }
    const unsigned code = c1 ? static_cast<unsigned char>(text[++i]) : byte;
    printable += "\\x";
    printable += kHex[code >> 4];
    printable += kHex[code & 15];
  }
  return printable;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\x1b') {  // our own colour: Printable removes all other escapes
      i = std::min(text.find('m', i), text.size() - 1) + 1;
      continue;
    }
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    unsigned code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    }
    width += IsWide(code) ? 2 : 1;
    i += length;
  }
  return width;
}

std::string Paint(std::string_view text, Color paint, bool color) {
  if (!color || paint == Color::kNone) return std::string(text);
  return std::string(Escape(paint)) + std::string(text) + std::string(kReset);
}

std::string PaintLines(std::string_view lines, Color paint, bool color) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out += Paint(lines.substr(0, end), paint, color) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

Color ColorOf(ShardStatus status) {
  switch (status) {
    case ShardStatus::kAlive:
      return Color::kGood;
    case ShardStatus::kDead:
      return Color::kBad;
    case ShardStatus::kUnknown:
      return Color::kDoubtful;
  }
  return Color::kNone;
}

namespace {

// A column of text that is narrower reads badly.
constexpr std::size_t kLeastText = 30;
// Where a row's text is below it.
constexpr std::size_t kBelow = 4;

// A table's lines, the titles first, while they are fitted to a terminal.
class Table {
 public:
  Table(std::vector<std::string> header, std::vector<std::vector<Cell>> rows)
      : shown_(header.size(), rows.empty()), widths_(header.size()) {
    lines_.emplace_back();
    for (std::string& title : header) lines_.back().emplace_back(std::move(title), Color::kFaint);
    for (auto& row : rows) {
      row.resize(std::min(row.size(), shown_.size()), "");
      for (Cell& cell : row) cell.text = Printable(cell.text);
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (!row[i].text.empty()) shown_[i] = true;
      }
      lines_.push_back(std::move(row));
    }
    for (const auto& line : lines_) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        widths_[i] = std::max(widths_[i], DisplayWidth(line[i].text));
      }
    }
  }

  void Fit(std::size_t columns, const std::vector<std::string>& expendable) {
    const auto fits = [&] { return TextAt() + std::min(widths_[Last()], kLeastText) <= columns; };
    for (const std::string& title : expendable) {
      if (fits()) break;
      for (std::size_t i = 0; i < shown_.size(); ++i) {
        if (lines_.front()[i].text == title) shown_[i] = false;
      }
    }
    columns_ = columns;
    below_ = !fits();
  }

  [[nodiscard]] std::string Render(bool color) const {
    std::string out;
    for (const auto& line : lines_) out += Line(line, color);
    return out;
  }

 private:
  // The last column that is shown.
  [[nodiscard]] std::size_t Last() const {
    std::size_t last = 0;
    for (std::size_t i = 0; i < shown_.size(); ++i) last = shown_[i] ? i : last;
    return last;
  }
  // Where it begins.
  [[nodiscard]] std::size_t TextAt() const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < Last(); ++i) at += shown_[i] ? widths_[i] + 2 : 0;
    return at;
  }

  // The cell's text from column `at` on; each of its lines has its colour.
  [[nodiscard]] std::string Text(const Cell& cell, std::size_t at, bool color) const {
    std::string wrapped = WrapText(cell.text, at, columns_);
    wrapped.pop_back();
    std::string out;
    for (std::size_t from = 0;;) {
      const std::size_t end = std::min(wrapped.find('\n', from), wrapped.size());
      const std::size_t margin = from == 0 ? 0 : at;
      out.append(margin, ' ');
      out += Paint(std::string_view(wrapped).substr(from + margin, end - from - margin), cell.color,
                   color);
      if (end == wrapped.size()) return out;
      out += '\n';
      from = end + 1;
    }
  }

  [[nodiscard]] std::string Line(const std::vector<Cell>& line, bool color) const {
    const bool is_header = &line == &lines_.front();
    const std::size_t last = Last();
    std::string out;
    std::size_t owed = 0;  // spaces are written only when something follows them
    for (std::size_t i = 0; i < line.size() && i < last; ++i) {
      if (!shown_[i]) continue;
      if (!line[i].text.empty()) {
        out.append(owed, ' ');
        owed = 0;
        out += Paint(line[i].text, line[i].color, color);
      }
      owed += widths_[i] - DisplayWidth(line[i].text) + 2;
    }
    if (last >= line.size() || line[last].text.empty() || (below_ && is_header)) return out + '\n';
    if (below_)
      return out + '\n' + std::string(kBelow, ' ') + Text(line[last], kBelow, color) + '\n';
    return out + std::string(owed, ' ') + Text(line[last], TextAt(), color) + '\n';
  }

  std::vector<std::vector<Cell>> lines_;
  std::vector<bool> shown_;
  std::vector<std::size_t> widths_;
  std::size_t columns_ = 0;
  bool below_ = false;  // the last column's text is below its row
};

}  // namespace

std::string RenderTable(std::vector<std::string> header, std::vector<std::vector<Cell>> rows,
                        const Terminal& to, const std::vector<std::string>& expendable) {
  Table table(std::move(header), std::move(rows));
  if (to.columns > 0) table.Fit(to.columns, expendable);
  return table.Render(to.color);
}

std::string RenderJson(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string RenderJsonLine(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string RenderYaml(const OrderedJson& json) {
  if (!IsNested(json)) return ScalarText(json) + "\n";
  std::string out;
  AppendYaml(out, json, 0, false);
  return out;
}

std::string RenderSince(Micros since, Micros now) {
  if (since.count() == 0) return "-";
  // Clocks of two machines may disagree; a negative age would only puzzle.
  return FormatTime(since) + " (" + FormatAge(std::max(Micros::zero(), now - since)) + ")";
}

std::string RenderAge(Micros since, Micros now) {
  if (since.count() == 0) return "-";
  return FormatAge(std::max(Micros::zero(), now - since)) + " ago";
}

std::string WrapText(std::string_view text, std::size_t indent, std::size_t columns) {
  if (columns == 0) return std::string(text) + "\n";
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t width = DisplayWidth(word);
    if (column > indent && column + 1 + width > columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

std::string FirstLines(const std::string& text, std::size_t limit) {
  std::size_t end = 0;
  for (std::size_t n = 0; n < limit; ++n) {
    const std::size_t next = text.find('\n', end);
    if (next == std::string::npos) return text;
    end = next + 1;
  }
  const auto more = std::count(text.begin() + static_cast<std::ptrdiff_t>(end), text.end(), '\n');
  if (more == 0) return text;
  return text.substr(0, end) + "... and " + std::to_string(more) + " more\n";
}

std::string NearestOf(std::string_view word, const std::vector<std::string_view>& known,
                      std::string_view these) {
  constexpr std::size_t kFew = 10;
  std::string nearest = DidYouMean(word, known);
  if (!nearest.empty() || known.empty() || known.size() > kFew) return nearest;
  return "; " + std::string(these) + Join(known, ", ");
}

std::string Counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace zkcluster::zkctl
