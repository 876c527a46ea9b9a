#include "codec/raw_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace zkcluster {
namespace {

// Walks over text that the parser has accepted, so it only has to find where a value ends.
class Walker {
 public:
  explicit Walker(std::string_view text) : rest_(text) {}

  // Takes the next character besides white space if it is one of `any`.
  bool Take(std::string_view any) {
    SkipSpace();
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view TakeValue() {
    SkipSpace();
    const std::string_view from = rest_;
    if (!rest_.empty() && (rest_.front() == '{' || rest_.front() == '[')) {
      SkipNested();
    } else if (!rest_.empty() && rest_.front() == '"') {
      SkipText();
    } else {
      rest_.remove_prefix(std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size()));
    }
    return from.substr(0, from.size() - rest_.size());
  }

 private:
  void SkipSpace() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  void SkipText() {
    std::size_t at = 1;
    while (at < rest_.size() && rest_[at] != '"') at += rest_[at] == '\\' ? 2 : 1;
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
  }

  void SkipNested() {
    int depth = 0;
    do {
      if (rest_.empty()) return;
      const char c = rest_.front();
      if (c == '"') {
        SkipText();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      rest_.remove_prefix(1);
    } while (depth > 0);
  }

  std::string_view rest_;
};

bool IsKey(std::string_view quoted, std::string_view key) {
  if (quoted.find('\\') == std::string_view::npos) {
    return quoted.size() == key.size() + 2 && quoted.substr(1, key.size()) == key;
  }
  const auto text = nlohmann::json::parse(quoted, nullptr, false);
  return text.is_string() && *text.get_ptr<const std::string*>() == key;
}

// Calls `function` with each member's key (in its quotes) and value.
template <class Function>
void ForEachMember(std::string_view object, Function function) {
  Walker walker(object);
  while (walker.Take("{,")) {
    const std::string_view key = walker.TakeValue();
    if (!walker.Take(":")) return;  // the empty object
    function(key, walker.TakeValue());
  }
}

}  // namespace

RawJson RawJson::Member(std::string_view key) const {
  std::string_view found;
  ForEachMember(text_, [&](std::string_view name, std::string_view value) {
    if (IsKey(name, key)) found = value;
  });
  ZKC_CHECK(!found.empty());
  return RawJson(found);
}

RawJson RawJson::Element(std::size_t index) const {
  Walker walker(text_);
  std::string_view value;
  for (std::size_t i = 0; i <= index; ++i) {
    ZKC_CHECK(walker.Take("[,"));
    value = walker.TakeValue();
  }
  return RawJson(value);
}

std::string RawJson::Except(std::span<const std::string_view> keys) const {
  std::string members;
  ForEachMember(text_, [&](std::string_view name, std::string_view value) {
    if (std::ranges::any_of(keys, [&](std::string_view key) { return IsKey(name, key); })) return;
    if (!members.empty()) members += ',';
    members += name;
    members += ':';
    members += value;
  });
  return members;
}

}  // namespace zkcluster
