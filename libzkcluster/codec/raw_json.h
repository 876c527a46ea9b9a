// The text of a JSON value, and of the values in it, exactly as somebody wrote it: numbers with
// their digits, keys in their order. That is how members that this build does not know are kept
// when a znode is rewritten; the parsed form would change them. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace zkcluster {

class RawJson {
 public:
  // REQUIRES: ParseJson accepts `text`, which outlives this.
  explicit RawJson(std::string_view text) : text_(text) {}

  // REQUIRES: it is an object that has `key` (the last one of several counts, as for the parser).
  [[nodiscard]] RawJson Member(std::string_view key) const;
  // REQUIRES: it is an array with more elements than `index`.
  [[nodiscard]] RawJson Element(std::size_t index) const;
  // The members of an object whose keys are others than these, in their order: `"Key":value,...`.
  // REQUIRES: it is an object.
  [[nodiscard]] std::string Except(std::span<const std::string_view> keys) const;

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace zkcluster
