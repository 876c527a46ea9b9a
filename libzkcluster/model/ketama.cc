#include "model/ketama.h"

#include <md5.h>  // libmd: a digest on the stack, no allocation per key; every Debian system has it

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

namespace zkcluster::ketama {
namespace {

constexpr std::size_t kWords = 4;  // points per digest

std::array<std::uint32_t, kWords> Digest(std::string_view text) {
  MD5_CTX context;
  std::array<std::uint8_t, MD5_DIGEST_LENGTH> bytes;
  MD5Init(&context);
  MD5Update(&context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  MD5Final(bytes.data(), &context);
  std::array<std::uint32_t, kWords> words;
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint8_t* const b = bytes.data() + 4 * i;
    words[i] = std::uint32_t{b[0]} | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 |
               std::uint32_t{b[3]} << 24;
  }
  return words;
}

}  // namespace

std::uint32_t HashMd5(std::string_view key) {
  return Digest(key)[0];
}

std::vector<std::uint32_t> PointCounts(const std::vector<ShardSpec>& shards) {
  const std::uint32_t total = std::accumulate(shards.begin(), shards.end(), std::uint32_t{0},
                                              [](std::uint32_t sum, const ShardSpec& s) {
                                                return sum + static_cast<std::uint32_t>(s.weight);
                                              });
  std::vector<std::uint32_t> counts;
  counts.reserve(shards.size());
  for (const ShardSpec& shard : shards) {
    // Each step rounded to single precision, the tiny sum to double and back: some equal shards get
    // 156 points, not 160, because twemproxy's do.
    const float part = static_cast<float>(shard.weight) / static_cast<float>(total);
    const float digests = part * static_cast<float>(kPointsPerShard) / static_cast<float>(kWords) *
                          static_cast<float>(shards.size());
    const double nudged = static_cast<double>(digests) + 0.0000000001;
    counts.push_back(static_cast<std::uint32_t>(std::floor(static_cast<float>(nudged))) * kWords);
  }
  return counts;
}

std::vector<Ring::Point> Points(const std::vector<ShardSpec>& shards) {
  const auto counts = PointCounts(shards);
  std::vector<Ring::Point> points;
  points.reserve(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  std::string text;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    text = shards[i].name + "-";
    const std::size_t prefix = text.size();
    for (std::uint32_t n = 0; n < counts[i] / kWords; ++n) {
      text.resize(prefix);
      text += std::to_string(n);
      for (const std::uint32_t word : Digest(text)) {
        points.push_back({word, static_cast<std::uint32_t>(i)});
      }
    }
  }
  return points;
}

}  // namespace zkcluster::ketama
