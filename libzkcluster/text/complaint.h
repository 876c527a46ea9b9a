// What is said of a wrong value, in one wording for every place that reads or checks one: YAML
// files, specs from ZooKeeper, options of zkctl. Each is a part of a sentence that begins with the
// key ("quorum: expected ..."). Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace zkcluster {

// "expected a whole number from 1 to 1000, not 0"
[[nodiscard]] std::string ExpectedWholeNumber(std::int64_t least, std::int64_t most,
                                              std::string_view given);
// "must be from 10ms to 1m, not 5ms"
[[nodiscard]] std::string ExpectedDurationWithin(Duration least, Duration most,
                                                 std::string_view given);
// "expected a fraction above 0 and at most 1, such as 0.5, not 50%"
[[nodiscard]] std::string ExpectedFraction(std::string_view given);
// "expected true or false, not yes"
[[nodiscard]] std::string ExpectedTrueOrFalse(std::string_view given);

}  // namespace zkcluster
