#include "yaml/suggest.h"

#include <algorithm>
#include <cstddef>

namespace zkcluster {
namespace {

// Longer words are never near one of ours, and the table below is quadratic.
constexpr std::size_t kLongestWord = 64;

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = a[i - 1] == b[j - 1] ? 0 : 1;
      table[i][j] =
          std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string_view>& known) {
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string> nearest;
  std::size_t best = 0;
  for (const std::string_view candidate : known) {
    const std::size_t distance = Distance(word, candidate);
    // In a word of one or two letters a single slip is another word.
    const std::size_t forgiven = std::min(word.size(), candidate.size()) / 3;
    if (distance > forgiven) continue;
    if (!nearest || distance < best) {
      nearest = std::string(candidate);
      best = distance;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known) {
  const auto nearest = Nearest(word, known);
  return nearest ? "; did you mean \"" + *nearest + "\"?" : std::string();
}

}  // namespace zkcluster
