// Lists of words in one text, for the log and for people. Pure.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace zkcluster {

// The first `most` of them.
template <class Words>
[[nodiscard]] std::string JoinFirst(const Words& words, std::size_t most,
                                    std::string_view separator) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, words.size()));
  return fmt::format("{}", fmt::join(words.begin(), std::next(words.begin(), count), separator));
}

template <class Words>
[[nodiscard]] std::string Join(const Words& words, std::string_view separator) {
  return JoinFirst(words, words.size(), separator);
}

// "a, b and 7 more"; no more than `most` by name.
template <class Words>
[[nodiscard]] std::string JoinSome(const Words& words, std::size_t most) {
  std::string text = JoinFirst(words, most, ", ");
  if (words.size() > most) text += fmt::format(" and {} more", words.size() - most);
  return text;
}

}  // namespace zkcluster
