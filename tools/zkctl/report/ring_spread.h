// How evenly a ring spreads keys over its shards, and what another ring would move. A width is
// exact: the number of the 2^32 hashes that a shard owns. Sample keys go through the ring's hash,
// as programs' keys do; they are the same in every run. Pure.
#pragma once

#include <zkcluster/ring.h>
#include <zkcluster/spec.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zkcluster::zkctl {

inline constexpr std::size_t kSampleKeys = 100'000;
inline constexpr double kCircle = 4294967296.0;  // the number of hashes

// The n-th sample key: 20 bytes such as "key:0123456789abcdef".
[[nodiscard]] std::string SampleKey(std::uint64_t n);

// Per shard, in the spec's order.
struct RingSpread {
  struct Shard {
    std::size_t points = 0;  // in effect: without those lost to an equal one of another shard
    std::uint64_t width = 0;
    std::size_t keys = 0;  // of kSampleKeys
    double fair = 0;       // its weight's part of all weights
  };
  std::vector<Shard> shards;
  // Over the shards: width divided by the fair width. 1 when every shard has its fair share.
  double least = 0;
  double most = 0;
  double deviation = 0;  // standard deviation
};
[[nodiscard]] RingSpread MeasureSpread(const ClusterSpec& spec, const Ring& ring);

// Shards are identified by name: a moved address moves no key.
struct RingChange {
  struct Move {
    std::string from;
    std::string to;
    std::size_t keys = 0;  // of kSampleKeys
    std::uint64_t width = 0;
  };
  std::vector<Move> moves;  // the most keys first
  std::size_t keys = 0;
  // Nothing when the rings hash keys differently, because then their hashes cannot be compared.
  std::optional<std::uint64_t> width;
};
[[nodiscard]] RingChange CompareRings(const ClusterSpec& from_spec, const Ring& from,
                                      const ClusterSpec& to_spec, const Ring& to);

}  // namespace zkcluster::zkctl
