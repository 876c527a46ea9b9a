// Checks for every spec that a decoder accepts, in every form. Pure.
#pragma once

#include <zkcluster/ring.h>
#include <zkcluster/spec.h>

#include "codec/codec.h"
#include "model/limits.h"
#include "tests/fuzz/target.h"
#include "text/address.h"

namespace zkcluster::fuzz {

inline void CheckAccepted(const ClusterSpec& spec) {
  ZKC_CHECK(Validate(spec).has_value());
  for (const ShardSpec& shard : spec.shards) {
    const auto address = ParseAddress(shard.addr);
    ZKC_CHECK(address.has_value());
    ZKC_CHECK(ParseAddress(FormatAddress(*address)) == *address);
  }
  const SpecPayloads payloads = EncodeSpec(spec);
  ZKC_CHECK(payloads.shards.size() <= kMaxShardsBytes);
  const auto again = DecodeSpec(spec.name, payloads);
  ZKC_CHECK(again.has_value());
  ZKC_CHECK(*again == spec);
  // Larger rings are right or wrong in the same way, and slow.
  if (spec.shards.size() * static_cast<std::size_t>(PointsPerShard(spec.ring)) <= 2'000) {
    const auto ring = Ring::Build(spec.shards, spec.ring);
    ZKC_CHECK(ring.has_value());
    ZKC_CHECK(ring->Owner(spec.name) < spec.shards.size());
  }
}

}  // namespace zkcluster::fuzz
