// The list of shards in the Go form.
#include "tests/fuzz/spec_checks.h"

namespace zkcluster::fuzz {

bool TestOneInput(std::string_view input) {
  const std::string options =
      R"({"FailoverEnabled":true,"RingType":"consistent","RingParams":"10"})";
  const auto spec = DecodeSpec("sessions", {"1795228044224923", std::string(input), options});
  if (!spec) {
    CheckError(spec.error(), ErrorCode::kBadData);
    return false;
  }
  CheckSpec(*spec);
  return true;
}

}  // namespace zkcluster::fuzz
