// "did you mean": the known word nearest to one that was mistyped. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

// Nothing when no word is near: about one slip (a letter wrong, missing, extra, or two swapped) for
// every three letters is forgiven.
[[nodiscard]] std::optional<std::string> Nearest(std::string_view word,
                                                 const std::vector<std::string_view>& known);

// `; did you mean "interval"?`, or an empty text.
[[nodiscard]] std::string DidYouMean(std::string_view word,
                                     const std::vector<std::string_view>& known);

}  // namespace zkcluster
