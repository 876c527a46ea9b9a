#include "codec/spec_size.h"

#include "codec/codec.h"
#include "model/spec_check.h"

namespace zkcluster {

Result<void> Validate(const ClusterSpec& spec) {
  SpecProblems problems = CheckSpec(spec);
  const std::size_t bytes = EncodeSpec(spec).shards.size();
  if (bytes > kMaxShardsBytes) {
    problems.Add("shards: " + std::to_string(bytes) + " bytes of JSON are above the limit of " +
                 std::to_string(kMaxShardsBytes));
    return Fail(ErrorCode::kTooLarge, problems.text());
  }
  if (!problems.empty()) return Fail(ErrorCode::kInvalid, problems.text());
  return {};
}

std::optional<std::size_t> BytesNearLimit(const ClusterSpec& spec) {
  const std::size_t bytes = EncodeSpec(spec).shards.size();
  return bytes >= kNearShardsBytes ? std::optional(bytes) : std::nullopt;
}

}  // namespace zkcluster
