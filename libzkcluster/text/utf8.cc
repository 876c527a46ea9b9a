#include "text/utf8.h"

namespace zkcluster {

std::optional<char32_t> TakeCodePoint(std::string_view& text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t size = 1;
  char32_t code = lead;
  char32_t smallest = 0;
  if (lead >= 0x80) {
    if (lead >= 0xc2 && lead <= 0xdf) {
      size = 2, code = lead & 0x1fu, smallest = 0x80;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      size = 3, code = lead & 0x0fu, smallest = 0x800;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      size = 4, code = lead & 0x07u, smallest = 0x10000;
    } else {
      size = 0;
    }
  }
  bool good = size != 0 && size <= text.size();
  for (std::size_t i = 1; good && i < size; ++i) {
    good = (byte(i) & 0xc0u) == 0x80u;
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  good = good && code >= smallest && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  text.remove_prefix(good ? size : 1);
  if (!good) return std::nullopt;
  return code;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    if (!TakeCodePoint(text)) return false;
  }
  return true;
}

bool HasControl(std::string_view text) {
  while (!text.empty()) {
    if (const auto code = TakeCodePoint(text); code && IsControl(*code)) return true;
  }
  return false;
}

std::string OneLine(std::string_view text, std::size_t limit) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string line;
  while (!text.empty()) {
    if (line.size() >= limit) return line + "...";
    const std::string_view before = text;
    const auto code = TakeCodePoint(text);
    const auto byte = static_cast<unsigned char>(before.front());
    const bool is_control = code && IsControl(*code);
    if (code && !is_control) {
      line += before.substr(0, before.size() - text.size());
      continue;
    }
    const unsigned shown = is_control ? static_cast<unsigned>(*code) : byte;
    line += "\\x";
    line += kHex[shown >> 4];
    line += kHex[shown & 15];
  }
  return line;
}

}  // namespace zkcluster
