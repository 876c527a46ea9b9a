// Lists of words in one text, for the log and for people. Pure.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace zkcluster {

// Joins the first `most` of them.
template <class Words>
[[nodiscard]] std::string JoinFirst(const Words& words, std::size_t most,
                                    std::string_view separator) {
  std::string text;
  std::size_t count = 0;
  for (const std::convertible_to<std::string_view> auto& word : words) {
    if (count == most) break;
    if (count++ > 0) text += separator;
    text += word;
  }
  return text;
}

template <class Words>
[[nodiscard]] std::string Join(const Words& words, std::string_view separator) {
  return JoinFirst(words, words.size(), separator);
}

// "a, b and 7 more"; no more than `most` by name.
template <class Words>
[[nodiscard]] std::string JoinSome(const Words& words, std::size_t most) {
  std::string text = JoinFirst(words, most, ", ");
  if (words.size() > most) text += " and " + std::to_string(words.size() - most) + " more";
  return text;
}

}  // namespace zkcluster
