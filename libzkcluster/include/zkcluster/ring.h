// A consistent-hash ring: which shard owns a key, and which shards are its stand-ins, in order.
// Built once from a spec, immutable afterwards. A key belongs to the first point at or above its
// hash, else to the first of all. Placement is a wire format:
// - `consistent`, shared with the Go library of 2015: for j in 0 .. points-1 a shard holds the
//   point CRC-32 (IEEE) of decimal(j) followed by its name; a key hashes with the same CRC; of two
//   shards with the same point the later in the list wins.
// - `ketama`, shared with twemproxy (`distribution: ketama`): see ring/ketama.h; of two shards
//   with the same point the earlier wins.
// Pure; a const Ring may be read from any number of threads.
#pragma once

#include <zkcluster/export.h>
#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace zkcluster {

class ZKC_EXPORT Ring {
 public:
  struct Point {
    std::uint32_t hash;
    std::uint32_t shard;  // index into the spec's shards
    bool operator==(const Point&) const = default;
  };

  // The largest ring, over all shards: 20,000 shards of 500 points,
  // about 250 MB in a routing table.
  static constexpr std::size_t kMaxPoints = 10'000'000;

  // Errors: kInvalid when there is no shard, fewer than one point per shard or more than
  // kMaxPoints, or a weight below 1 or above kMaxWeight.
  [[nodiscard]] static Result<Ring> Build(const std::vector<ShardSpec>& shards,
                                          const RingSpec& ring);

  // The hash of keys and points of a `consistent` ring:
  // CRC-32 (IEEE 802.3), as zlib and Go compute it.
  [[nodiscard]] static std::uint32_t Hash(std::string_view key);

  // The hash of a key on this ring.
  [[nodiscard]] std::uint32_t KeyHash(std::string_view key) const;

  // The index (in the spec's list) of the shard that owns `key`.
  [[nodiscard]] std::size_t Owner(std::string_view key) const;

  // The owner and then its stand-ins in order, each shard once, at most `limit` of them.
  [[nodiscard]] std::vector<std::size_t> Order(std::string_view key, std::size_t limit) const;

  // Index of the point that a hash falls on; `points()` are sorted by hash, no two alike.
  [[nodiscard]] std::size_t PointOf(std::uint32_t hash) const;
  [[nodiscard]] const std::vector<Point>& points() const { return points_; }
  [[nodiscard]] std::size_t shard_count() const { return shard_count_; }

 private:
  enum class Hashing : unsigned char { kCrc32, kFnv1a64, kMd5 };
  ZKC_LOCAL Ring(std::vector<Point> points, std::vector<std::uint32_t> buckets,
                 std::size_t shard_count, Hashing hashing);

  std::vector<Point> points_;
  // buckets_[h >> shift_] is the first point with that prefix or a later one (one entry more
  // than there are prefixes): a lookup starts there and walks a point or two instead of
  // searching the whole ring.
  std::vector<std::uint32_t> buckets_;
  int shift_ = 0;
  std::size_t shard_count_ = 0;
  Hashing hashing_ = Hashing::kCrc32;
};

}  // namespace zkcluster
