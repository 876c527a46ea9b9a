#include "text/fraction.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"

namespace zkcluster {

Result<double> ParseFraction(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const bool plain = !text.empty() && text.size() <= 32 &&
                     std::all_of(text.begin(), text.end(),
                                 [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  const auto parsed = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (!plain || parsed.ec != std::errc() || parsed.ptr != end || value < kMinFraction ||
      value > 1) {
    return Fail(ErrorCode::kInvalid, "expected a fraction above 0 and at most 1, such as 0.5");
  }
  return value;
}

std::string FormatFraction(double fraction) {
  std::array<char, 400> buffer;  // the smallest double in fixed form fits
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), fraction,
                                     std::chars_format::fixed);
  ZKC_CHECK(written.ec == std::errc());
  return {buffer.data(), written.ptr};
}

}  // namespace zkcluster
