// Version and options of a spec in the Go form.
#include "tests/fuzz/spec_checks.h"

namespace zkcluster::fuzz::go_options_target {

bool TestOneInput(std::string_view input) {
  const auto parts = Split(input, 2);
  const std::string shards =
      R"([{"Name":"s1","Addr":"10.0.0.1:6379"},{"Name":"s2","Addr":":6380"}])";
  const auto spec = DecodeSpec("sessions", {std::string(parts[0]), shards, std::string(parts[1])});
  if (!spec) {
    CheckError(spec.error(), ErrorCode::kBadData);
    return false;
  }
  CheckAccepted(*spec);
  return true;
}

const Target kTarget("go-options", TestOneInput);

}  // namespace zkcluster::fuzz::go_options_target
