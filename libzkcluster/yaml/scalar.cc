#include "yaml/scalar.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace zkcluster::yaml {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Words that YAML 1.1 or 1.2 readers take for a boolean, a null or a number.
bool IsReserved(std::string_view text) {
  static constexpr std::array<std::string_view, 13> kWords = {
      "null", "true", "false", "yes", "no",       "on",  "off",
      "y",    "n",    "nan",   "inf", "infinity", "none"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool IsSafePlain(std::string_view text) {
  if (text.empty() || text.back() == ':') return false;
  const bool simple = std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.' || c == ':' || c == '/';
  });
  if (!simple) return false;
  if (IsLetter(text.front())) return !IsReserved(text);
  // A text that begins with a digit may be a number, a date or a time, but not if it has three dots
  // and a colon: an IPv4 address with its port stays readable.
  return IsDigit(text.front()) && std::count(text.begin(), text.end(), '.') == 3 &&
         std::count(text.begin(), text.end(), ':') == 1;
}

void AppendEscaped(std::string& out, unsigned code) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (const int shift : {12, 8, 4, 0}) out += kHex[(code >> shift) & 15];
}

// The code point of a character that is invisible or ends a line for some readers, with its length.
struct Invisible {
  unsigned code = 0;
  std::size_t length = 0;
};
Invisible FindInvisible(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return {byte(0), 1};
  if (text.size() >= 2 && byte(0) == 0xc2 && byte(1) <= 0xa0) return {byte(1), 2};
  if (text.size() < 3) return {};
  const unsigned code = (byte(0) & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U);
  if (byte(0) == 0xe2 && byte(1) == 0x80 && code >= 0x2028 && code <= 0x202f) return {code, 3};
  if (byte(0) == 0xef && code >= 0xfeff) return {code, 3};
  return {};
}

}  // namespace

std::string FormatScalar(std::string_view text) {
  if (IsSafePlain(text)) return std::string(text);
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"' || text[i] == '\\') {
      quoted += '\\';
      quoted += text[i++];
    } else if (const Invisible invisible = FindInvisible(text.substr(i)); invisible.length > 0) {
      AppendEscaped(quoted, invisible.code);
      i += invisible.length;
    } else {
      quoted += text[i++];
    }
  }
  return quoted + '"';
}

}  // namespace zkcluster::yaml
