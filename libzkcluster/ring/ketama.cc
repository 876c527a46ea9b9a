#include "ring/ketama.h"

#include <md5.h>  // libmd: a digest on the stack, no allocation per key; every Debian system has it

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

#include "model/limits.h"

namespace zkcluster::ketama {
namespace {

constexpr std::size_t kWords = 4;  // points per digest

using Words = std::array<std::uint32_t, kWords>;

// A text with its 0x80 and its length in bits behind it fits one block of MD5
// (RFC 1321, 3.1 .. 3.4).
constexpr std::size_t kOneBlock = MD5_BLOCK_LENGTH - 9;

// Two thirds of the time that the general way below takes. REQUIRES: text.size() <= kOneBlock.
Words DigestOneBlock(std::string_view text) {
  std::array<std::uint8_t, MD5_BLOCK_LENGTH> block{};
  std::copy(text.begin(), text.end(), block.begin());
  block[text.size()] = 0x80;
  const std::size_t bits = text.size() * 8;
  block[MD5_BLOCK_LENGTH - 8] = static_cast<std::uint8_t>(bits & 0xff);
  block[MD5_BLOCK_LENGTH - 7] = static_cast<std::uint8_t>(bits >> 8);
  Words state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  MD5Transform(state.data(), block.data());
  return state;  // the digest is its bytes in little-endian order: exactly these words
}

Words Digest(std::string_view text) {
  if (text.size() <= kOneBlock) return DigestOneBlock(text);
  MD5_CTX context;
  std::array<std::uint8_t, MD5_DIGEST_LENGTH> bytes;
  MD5Init(&context);
  MD5Update(&context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  MD5Final(bytes.data(), &context);
  Words words;
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
    // 156 points, not 160, as with twemproxy.
    const float part = static_cast<float>(shard.weight) / static_cast<float>(total);
    const float digests = part * static_cast<float>(kKetamaPoints) / static_cast<float>(kWords) *
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
