#include "model/paths.h"

#include <algorithm>
#include <charconv>

#include "text/utf8.h"

namespace zkcluster {
namespace {

constexpr std::size_t kGuidDigits = 32;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxRootBytes = 1000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// ZooKeeper writes the counter as Java's "%010d": ten characters, eleven below -999,999,999.
std::optional<std::int32_t> ParseCounter(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  const bool padded = text.size() == 10;
  const bool overlong = text.size() == 11 && negative && text[1] != '0';
  if (!padded && !overlong) return std::nullopt;
  if (!std::all_of(text.begin() + (negative ? 1 : 0), text.end(), IsDigit)) return std::nullopt;
  std::int32_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || (negative && value == 0)) return std::nullopt;
  return value;
}

// What the servers' own path check refuses. They check UTF-16 units, so everything above the basic
// plane counts as surrogates and is refused, too.
bool IsForbidden(char32_t c) {
  return IsControl(c) || (c >= 0xd800 && c <= 0xf8ff) || c >= 0xfff0;
}

// Says what is wrong with one part of a path; empty when nothing is.
std::string_view ProblemOfPart(std::string_view part) {
  if (part.empty()) return "is empty";
  if (part.size() > kMaxNameBytes) return "is longer than 200 bytes";
  if (part == "." || part == "..") return "may not be \".\" or \"..\"";
  while (!part.empty()) {
    const auto code = TakeCodePoint(part);
    if (!code) return "is not UTF-8";
    if (*code == '/') return "contains '/'";
    if (IsForbidden(*code)) return "contains a character that ZooKeeper forbids";
  }
  return {};
}

// Bytes of an offending name, safe to print.
std::string Shown(std::string_view name) {
  std::string out = "\"";
  for (const char c : name.substr(0, 60)) out += c >= 0x20 && c < 0x7f ? c : '?';
  out += name.size() > 60 ? "...\"" : "\"";
  return out;
}

}  // namespace

std::string CandidatePrefix(std::string_view id, std::string_view guid) {
  return std::string(id) + "-" + std::string(guid) + "-";
}

std::optional<CandidateName> ParseCandidateName(std::string_view node) {
  // The name is read from its end: the id may contain '-', and the counter may begin with one.
  for (const std::size_t counter_size : {std::size_t{10}, std::size_t{11}}) {
    if (node.size() < 1 + 1 + kGuidDigits + 1 + counter_size) return std::nullopt;
    const std::size_t counter_at = node.size() - counter_size;
    const std::size_t guid_at = counter_at - 1 - kGuidDigits;
    if (node[counter_at - 1] != '-' || node[guid_at - 1] != '-') continue;
    const auto sequence = ParseCounter(node.substr(counter_at));
    const std::string_view guid = node.substr(guid_at, kGuidDigits);
    const std::string_view id = node.substr(0, guid_at - 1);
    if (!sequence || !std::ranges::all_of(guid, IsHexDigit) || !ProblemOfPart(id).empty()) continue;
    return CandidateName{std::string(id), std::string(guid), *sequence};
  }
  return std::nullopt;
}

std::optional<std::int32_t> ParseSequence(std::string_view node) {
  if (node.size() < 10) return std::nullopt;
  // A '-' before ten digits is a sign only if the name's own separator precedes it.
  if (node.size() >= 11 && node[node.size() - 11] == '-') {
    const char before = node.size() >= 12 ? node[node.size() - 12] : '_';
    if (before == '_' || before == '-') {
      if (const auto negative = ParseCounter(node.substr(node.size() - 11))) return negative;
    }
  }
  return ParseCounter(node.substr(node.size() - 10));
}

Result<void> ValidateName(std::string_view what, std::string_view name) {
  const std::string_view problem = ProblemOfPart(name);
  if (problem.empty()) return {};
  return Fail(ErrorCode::kInvalid,
              std::string(what) + " " + Shown(name) + " " + std::string(problem));
}

Result<void> ValidateRoot(std::string_view root) {
  const auto fail = [root](std::string_view what) {
    return Fail(ErrorCode::kInvalid, "root " + Shown(root) + " " + std::string(what));
  };
  if (root == "/") return {};
  if (root.empty() || root.front() != '/') return fail("does not start with '/'");
  if (root.back() == '/') return fail("ends with '/'");
  if (root.size() > kMaxRootBytes) return fail("is longer than 1000 bytes");
  if (root == "/zookeeper" || root.starts_with("/zookeeper/")) return fail("is ZooKeeper's own");
  for (std::size_t at = 1; at < root.size();) {
    const std::size_t slash = std::min(root.find('/', at), root.size());
    const std::string_view part = root.substr(at, slash - at);
    if (part.empty()) return fail("has an empty part");
    const std::string_view problem = ProblemOfPart(part);
    if (!problem.empty()) return fail("has a part that " + std::string(problem));
    at = slash + 1;
  }
  return {};
}

}  // namespace zkcluster
