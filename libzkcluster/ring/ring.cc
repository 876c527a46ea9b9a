#include <zkcluster/ring.h>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <string>
#include <utility>

#include "model/limits.h"
#include "ring/ketama.h"

namespace zkcluster {

static_assert(Ring::kMaxPoints == kMaxRingPoints);

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

// The number of bits by which a hash is shifted to its bucket. There are about as many buckets as
// points, and at least two: shifting by all 32 bits is undefined.
int BucketShift(std::size_t points) {
  return 32 - std::max(1, static_cast<int>(std::bit_width(points - 1)));
}

// Where each bucket's points begin when they are in order, and after the last one their number.
// Counted and summed: searching for the places takes three times as long, in mispredicted branches.
std::vector<std::uint32_t> BucketStarts(const std::vector<Ring::Point>& points, int shift) {
  std::vector<std::uint32_t> starts((std::size_t{1} << (32 - shift)) + 1);
  for (const Ring::Point& p : points) ++starts[(p.hash >> shift) + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  return starts;
}

// Sorts by hash and leaves points of equal hash in the order they came in. Hashes are spread
// evenly: sorted into their buckets they are nearly in order, and one pass of insertions does the
// rest. A comparison sort takes five times as long, and every client sorts again whenever the list
// changes. Returns BucketStarts of the points.
std::vector<std::uint32_t> SortByHash(std::vector<Ring::Point>& points) {
  const auto before = [](const Ring::Point& a, const Ring::Point& b) { return a.hash < b.hash; };
  const int shift = BucketShift(points.size());
  std::vector<std::uint32_t> next = BucketStarts(points, shift);
  // Names may be chosen so that their points crowd together: insertions would take for ever.
  constexpr std::uint32_t kCrowd = 32;
  for (std::size_t b = 1; b < next.size(); ++b) {
    if (next[b] - next[b - 1] <= kCrowd) continue;
    std::ranges::stable_sort(points, before);
    return next;
  }
  std::vector<Ring::Point> sorted(points.size());
  for (const Ring::Point& p : points) sorted[next[p.hash >> shift]++] = p;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const Ring::Point moving = sorted[i];
    std::size_t hole = i;
    for (; hole > 0 && before(moving, sorted[hole - 1]); --hole) sorted[hole] = sorted[hole - 1];
    sorted[hole] = moving;
  }
  points.swap(sorted);
  // Each start has moved on to the next bucket's.
  std::copy_backward(next.begin(), next.end() - 1, next.end());
  next.front() = 0;
  return next;
}

// The points in the order of the list.
std::vector<Ring::Point> ConsistentPoints(const std::vector<ShardSpec>& shards,
                                          std::size_t per_shard) {
  // A point's text begins with its number, so the number's part of the CRC is the
  // same for all shards.
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

// Of equal points, which are neighbours once sorted, one stays: the first or the last. True if
// any was dropped.
bool DropEqual(std::vector<Ring::Point>& points, bool keep_last) {
  std::size_t kept = 0;
  for (const Ring::Point& point : points) {
    if (kept == 0 || points[kept - 1].hash != point.hash) {
      points[kept++] = point;
    } else if (keep_last) {
      points[kept - 1] = point;
    }
  }
  const bool any = kept < points.size();
  points.resize(kept);
  return any;
}

}  // namespace

Result<Ring> Ring::Build(const std::vector<ShardSpec>& shards, const RingSpec& ring) {
  if (shards.empty()) return Fail(ErrorCode::kInvalid, "a ring needs at least one shard");
  const auto* const of_ketama = std::get_if<KetamaRing>(&ring);
  const bool is_ketama = of_ketama != nullptr;
  const int wanted = PointsPerShard(ring);
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
  auto starts = SortByHash(points);
  if (DropEqual(points, /*keep_last=*/!is_ketama)) {
    starts = BucketStarts(points, BucketShift(points.size()));
  }
  Hashing hashing = Hashing::kCrc32;
  if (of_ketama) hashing = of_ketama->hash == RingHash::kMd5 ? Hashing::kMd5 : Hashing::kFnv1a64;
  return Ring(std::move(points), std::move(starts), shards.size(), hashing);
}

Ring::Ring(std::vector<Point> points, std::vector<std::uint32_t> buckets, std::size_t shard_count,
           Hashing hashing)
    : points_(std::move(points)),
      buckets_(std::move(buckets)),
      shift_(BucketShift(points_.size())),
      shard_count_(shard_count),
      hashing_(hashing) {}

std::uint32_t Ring::Hash(std::string_view key) {
  return ~Feed(kCrcStart, key);
}

std::uint32_t Ring::KeyHash(std::string_view key) const {
  if (hashing_ == Hashing::kCrc32) return Hash(key);
  if (key.empty()) return 0;  // twemproxy does not call its hash function then
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
  // A shard may have lost every point to an equal one and is then never met: the walk ends
  // after one turn.
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
