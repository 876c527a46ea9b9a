#include "model/spec_size.h"

#include "model/codec.h"

namespace zkcluster {

std::optional<std::size_t> BytesNearLimit(const ClusterSpec& spec) {
  const std::size_t bytes = EncodeSpec(spec).shards.size();
  return bytes >= kNearShardsBytes ? std::optional(bytes) : std::nullopt;
}

}  // namespace zkcluster
