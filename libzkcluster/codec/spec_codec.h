// The spec to its three payloads and back, in the Go form. The rules of codec/codec.h hold. All
// Decode errors: kBadData. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

struct SpecPayloads {
  std::string version;  // of the cluster's own znode: decimal microseconds
  std::string shards;
  std::string options;
};
[[nodiscard]] SpecPayloads EncodeSpec(const ClusterSpec& spec);
// For a list that EncodeShards has encoded already. REQUIRES: `spec.shards` has not changed since.
[[nodiscard]] SpecPayloads EncodeSpec(const ClusterSpec& spec, std::string shards);
[[nodiscard]] std::string EncodeShards(const std::vector<ShardSpec>& shards);
// The result keeps every rule of Validate: a spec that breaks one is undecodable.
[[nodiscard]] Result<ClusterSpec> DecodeSpec(std::string_view name, const SpecPayloads& payloads);
// `options` may hold "Needs":["word",...]: what a reader must understand besides this form. A
// reader that does not know one of the words must neither use the spec nor overwrite it, for it
// would misread the rest. This build knows none. Returns the words of `options` that are unknown
// here; empty where it cannot be parsed.
[[nodiscard]] std::vector<std::string> UnknownNeeds(std::string_view options);

}  // namespace zkcluster
