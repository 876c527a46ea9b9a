// Durations as users write them, and how any duration or time is shown.
#include <cstdint>
#include <cstring>

#include "tests/fuzz/target.h"
#include "text/duration.h"

namespace zkcluster::fuzz::duration_target {

bool TestOneInput(std::string_view input) {
  if (input.size() == sizeof(std::int64_t)) {
    std::int64_t any = 0;
    std::memcpy(&any, input.data(), sizeof any);
    ZKC_CHECK(IsPrintable(FormatDuration(Duration(any))));
    ZKC_CHECK(IsPrintable(FormatAge(Duration(any))));
    ZKC_CHECK(IsPrintable(FormatTime(Micros(any))));
  }
  const auto duration = ParseDuration(input);
  if (!duration) {
    CheckError(duration.error(), ErrorCode::kInvalid);
    return false;
  }
  ZKC_CHECK(*duration >= Duration::zero() && *duration <= std::chrono::hours(1000));
  CheckReadsBack(*duration, ParseDuration, FormatDuration);
  return true;
}

const Target kTarget("duration", TestOneInput);

}  // namespace zkcluster::fuzz::duration_target
