#include "text/complaint.h"

#include "text/duration.h"

namespace zkcluster {
namespace {

std::string Not(std::string_view given) {
  return ", not " + std::string(given);
}

}  // namespace

std::string ExpectedWholeNumber(std::int64_t least, std::int64_t most, std::string_view given) {
  return "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
         Not(given);
}

std::string ExpectedDurationWithin(Duration least, Duration most, std::string_view given) {
  return "must be from " + FormatDuration(least) + " to " + FormatDuration(most) + Not(given);
}

std::string ExpectedFraction(std::string_view given) {
  return "expected a fraction above 0 and at most 1, such as 0.5" + Not(given);
}

std::string ExpectedTrueOrFalse(std::string_view given) {
  return "expected true or false" + Not(given);
}

}  // namespace zkcluster
