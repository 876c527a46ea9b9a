#include <zkcluster/ring.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "model/ketama.h"

namespace zkcluster {
namespace {

// Slice-by-8: eight bytes a step through eight tables. kTables[k][b] is the CRC of byte b followed
// by k zero bytes.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr Tables MakeTables() {
  constexpr std::uint32_t kReversedPolynomial = 0xedb88320;
  Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t before = tables[k - 1][b];
      tables[k][b] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

constexpr std::uint32_t kCrcStart = 0xffffffff;

// The unfinished CRC after `text`; the hash is its complement.
std::uint32_t Feed(std::uint32_t crc, std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  const auto word = [](const unsigned char* p) {
    return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 |
           std::uint32_t{p[3]} << 24;
  };
  for (; left >= 8; left -= 8, bytes += 8) {
    const std::uint32_t low = crc ^ word(bytes);
    const std::uint32_t high = word(bytes + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; left > 0; --left, ++bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ *bytes) & 0xff];
  return crc;
}

// Sorts by hash and leaves points of equal hash in the order they came in. A comparison sort takes
// five times as long, and every client sorts again whenever the list changes.
void RadixSort(std::vector<Ring::Point>& points) {
  constexpr int kDigitBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  std::vector<Ring::Point> sorted(points.size());
  for (int shift = 0; shift < 32; shift += kDigitBits) {
    const auto digit = [shift](const Ring::Point& p) { return (p.hash >> shift) & (kDigits - 1); };
    std::array<std::size_t, kDigits> next{};
    for (const Ring::Point& p : points) ++next[digit(p)];
    std::size_t start = 0;
    for (std::size_t& n : next) start += std::exchange(n, start);
    for (const Ring::Point& p : points) sorted[next[digit(p)]++] = p;
    points.swap(sorted);
  }
}

// In the order of the list.
std::vector<Ring::Point> ConsistentPoints(const std::vector<ShardSpec>& shards,
                                          std::size_t per_shard) {
  // A point's text begins with its number, so the number's part of the CRC is the same for all
  // shards.
  std::vector<std::uint32_t> after_number(per_shard);
  for (std::size_t j = 0; j < per_shard; ++j) after_number[j] = Feed(kCrcStart, std::to_string(j));

  std::vector<Ring::Point> points;
  points.reserve(shards.size() * per_shard);
  for (std::size_t i = 0; i < shards.size(); ++i) {
    for (const std::uint32_t crc : after_number) {
      points.push_back({~Feed(crc, shards[i].name), static_cast<std::uint32_t>(i)});
    }
  }
  return points;
}

// Of equal points, neighbours once sorted, one stays: the first or the last.
void DropEqual(std::vector<Ring::Point>& points, bool keep_last) {
  std::size_t kept = 0;
  for (const Ring::Point& point : points) {
    if (kept == 0 || points[kept - 1].hash != point.hash) {
      points[kept++] = point;
    } else if (keep_last) {
      points[kept - 1] = point;
    }
  }
  points.resize(kept);
}

}  // namespace

Result<Ring> Ring::Build(const std::vector<ShardSpec>& shards, RingSpec ring) {
  if (shards.empty()) return Fail(ErrorCode::kInvalid, "a ring needs at least one shard");
  const bool is_ketama = ring.type == RingType::kKetama;
  const int wanted = is_ketama ? ketama::kPointsPerShard : ring.points;
  if (wanted < 1) return Fail(ErrorCode::kInvalid, "a ring needs at least one point per shard");
  const auto per_shard = static_cast<std::size_t>(wanted);
  if (shards.size() > kMaxPoints / per_shard) {
    return Fail(ErrorCode::kInvalid,
                "a ring has at most " + std::to_string(kMaxPoints) + " points");
  }
  if (is_ketama && std::ranges::any_of(shards, [](const ShardSpec& shard) {
        return shard.weight < 1 || shard.weight > kMaxWeight;
      })) {
    return Fail(ErrorCode::kInvalid, "a shard's weight is 1 .. " + std::to_string(kMaxWeight));
  }

  auto points = is_ketama ? ketama::Points(shards) : ConsistentPoints(shards, per_shard);
  RadixSort(points);
  DropEqual(points, /*keep_last=*/!is_ketama);
  Hashing hashing = Hashing::kCrc32;
  if (is_ketama) hashing = ring.hash == RingHash::kMd5 ? Hashing::kMd5 : Hashing::kFnv1a64;
  return Ring(std::move(points), shards.size(), hashing);
}

Ring::Ring(std::vector<Point> points, std::size_t shard_count, Hashing hashing)
    : points_(std::move(points)), shard_count_(shard_count), hashing_(hashing) {
  // At least two buckets: shifting by all 32 bits is undefined.
  const int bits = std::max(1, static_cast<int>(std::bit_width(points_.size() - 1)));
  shift_ = 32 - bits;
  buckets_.resize(std::size_t{1} << bits);
  std::size_t point = 0;
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    while (point < points_.size() && (points_[point].hash >> shift_) < b) ++point;
    buckets_[b] = static_cast<std::uint32_t>(point);
  }
}

std::uint32_t Ring::Hash(std::string_view key) {
  return ~Feed(kCrcStart, key);
}

std::uint32_t Ring::KeyHash(std::string_view key) const {
  if (hashing_ == Hashing::kCrc32) return Hash(key);
  if (key.empty()) return 0;  // twemproxy does not ask its hash then
  return hashing_ == Hashing::kMd5 ? ketama::HashMd5(key) : ketama::HashFnv1a64(key);
}

std::size_t Ring::PointOf(std::uint32_t hash) const {
  std::size_t point = buckets_[hash >> shift_];
  while (point < points_.size() && points_[point].hash < hash) ++point;
  return point == points_.size() ? 0 : point;
}

std::size_t Ring::Owner(std::string_view key) const {
  return points_[PointOf(KeyHash(key))].shard;
}

std::vector<std::size_t> Ring::Order(std::string_view key, std::size_t limit) const {
  std::vector<std::size_t> order;
  std::vector<bool> seen(shard_count_);
  const std::size_t wanted = std::min(limit, shard_count_);
  const std::size_t first = PointOf(KeyHash(key));
  // A shard whose every point lost to an equal one is never met: the walk ends after one turn.
  for (std::size_t n = 0; n < points_.size() && order.size() < wanted; ++n) {
    const std::size_t at = first + n < points_.size() ? first + n : first + n - points_.size();
    const std::size_t shard = points_[at].shard;
    if (seen[shard]) continue;
    seen[shard] = true;
    order.push_back(shard);
  }
  return order;
}

}  // namespace zkcluster
