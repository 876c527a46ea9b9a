#include "tests/fuzz/target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "text/utf8.h"

namespace zkcluster::fuzz {
namespace {

constexpr std::size_t kMaxErrorBytes = 4'000;

constinit const Target* known_targets = nullptr;

bool TakeNumber(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0 && end < 10;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

Target::Target(std::string_view name, Test test) : name_(name), test_(test), next_(known_targets) {
  known_targets = this;
}

const Target* Target::Find(std::string_view name) {
  const Target* target = known_targets;
  while (target != nullptr && target->name_ != name) target = target->next_;
  return target;
}

const Target& Target::Only() {
  ZKC_CHECK(known_targets != nullptr && known_targets->next_ == nullptr);
  return *known_targets;
}

std::vector<std::string_view> Split(std::string_view input, std::size_t count) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const std::size_t end = std::min(input.find(kSeparator), input.size());
    parts.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  parts.push_back(input);
  return parts;
}

bool IsPrintable(std::string_view text, bool lines) {
  while (!text.empty()) {
    const auto code = TakeCodePoint(text);
    if (!code) return false;
    if (*code == '\n' && lines) continue;
    if (*code < 0x20 || (*code >= 0x7f && *code < 0xa0)) return false;
  }
  return true;
}

void CheckError(const Error& error, ErrorCode code) {
  ZKC_CHECK(error.code == code);
  ZKC_CHECK(!error.message.empty());
  ZKC_CHECK(error.message.size() <= kMaxErrorBytes);
  ZKC_CHECK(IsPrintable(error.message));
}

void CheckFileError(const Error& error, std::string_view file) {
  ZKC_CHECK(error.code == ErrorCode::kInvalid || error.code == ErrorCode::kTooLarge);
  ZKC_CHECK(!error.message.empty());
  std::string_view rest = error.message;
  for (std::size_t end = 0; end < rest.size(); rest.remove_prefix(std::min(end + 1, rest.size()))) {
    end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    ZKC_CHECK(line.size() <= kMaxErrorBytes);
    ZKC_CHECK(IsPrintable(line));
    if (line.starts_with("and ")) continue;  // "and 12 more"
    ZKC_CHECK(Take(line, file) && Take(line, ":"));
    ZKC_CHECK(TakeNumber(line) && Take(line, ":") && TakeNumber(line) && Take(line, ": "));
    ZKC_CHECK(!line.empty());
    if (end == rest.size()) break;
  }
}

}  // namespace zkcluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // An empty input may come as null.
  const char* const bytes = size == 0 ? "" : reinterpret_cast<const char*>(data);
  static_cast<void>(zkcluster::fuzz::Target::Only().Accepts({bytes, size}));
  return 0;
}
