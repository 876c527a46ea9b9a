// The list of shards in the Go form, for a ring that ignores weights and for one that reads them.
#include "tests/fuzz/spec_checks.h"

namespace zkcluster::fuzz::go_shards_target {

bool TestOneInput(std::string_view input) {
  const std::string options =
      R"({"FailoverEnabled":true,"RingType":"consistent","RingParams":"10"})";
  const auto spec = DecodeSpec("sessions", {"1795228044224923", std::string(input), options});
  if (!spec) {
    CheckError(spec.error(), ErrorCode::kBadData);
    return false;
  }
  CheckAccepted(*spec);
  // One rule more: a weight must be one.
  const std::string ketama = R"({"RingType":"ketama","RingParams":"md5"})";
  const auto weighted = DecodeSpec("sessions", {"1795228044224923", std::string(input), ketama});
  if (!weighted) {
    CheckError(weighted.error(), ErrorCode::kBadData);
    return false;
  }
  CheckAccepted(*weighted);
  return true;
}

const Target kTarget("go-shards", TestOneInput);

}  // namespace zkcluster::fuzz::go_shards_target
