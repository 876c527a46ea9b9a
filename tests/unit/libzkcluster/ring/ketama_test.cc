// `ketama` rings, compared with the real twemproxy (tests/testdata/ketama_vectors.jsonl, written by
// tests/integration/nutcracker_test.cc) and with a simple second implementation.
#include "ring/ketama.h"

#include <doctest/doctest.h>
#include <zkcluster/ring.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace ketama_test {

using namespace zkcluster;

namespace {

Ring MustBuildKetama(const std::vector<ShardSpec>& shards, RingHash hash) {
  auto ring = Ring::Build(shards, KetamaRing{hash});
  REQUIRE(ring.has_value());
  return *std::move(ring);
}

std::vector<ShardSpec> Equal(std::size_t count, int weight = 1) {
  std::vector<ShardSpec> shards;
  for (std::size_t i = 0; i < count; ++i) shards.push_back({"s" + std::to_string(i), "", weight});
  return shards;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

TEST_CASE("ketama: every key of nutcracker's own rings") {
  std::ifstream file(ZKC_TESTDATA "/ketama_vectors.jsonl");
  int rings = 0;
  int keys = 0;
  for (std::string line; std::getline(file, line);) {
    const auto vector = nlohmann::json::parse(line);
    std::vector<ShardSpec> shards;
    for (const auto& shard : vector["shards"]) shards.push_back({shard[0], "", shard[1]});
    const Ring ring =
        MustBuildKetama(shards, vector["hash"] == "md5" ? RingHash::kMd5 : RingHash::kFnv1a64);
    CAPTURE(vector["name"].get<std::string>());
    for (const auto& owner : vector["owners"]) {
      CAPTURE(owner[0].get<std::string>());
      CHECK(shards[ring.Owner(FromHex(owner[0]))].name == owner[1].get<std::string>());
      ++keys;
    }
    ++rings;
  }
  CHECK(rings == 10);
  CHECK(keys == 1490);
}

TEST_CASE("ketama: hashes of keys") {
  CHECK(ketama::HashMd5("") == 0xd98c1dd4);     // d41d8cd98f00b204e9800998ecf8427e
  CHECK(ketama::HashMd5("abc") == 0x98500190);  // 900150983cd24fb0d6963f7d28e17f72
  CHECK(ketama::HashFnv1a64("") == 0x84222325);
  CHECK(ketama::HashFnv1a64("a") == 0x8601ec8c);  // the lower half of FNV-1a's af63dc4c8601ec8c
  // Not FNV's own 8664cc4c... : the byte is taken as -1.
  CHECK(ketama::HashFnv1a64("\xff") == (0x84222325u ^ 0xffffffffu) * 0x1b3u);
  // twemproxy computes no hash of an empty key.
  for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
    const Ring ring = MustBuildKetama(Equal(3), hash);
    CHECK(ring.KeyHash("") == 0);
    CHECK(ring.Owner("") == ring.points().front().shard);
    CHECK(ring.KeyHash("a") == (hash == RingHash::kMd5 ? ketama::HashMd5("a") : 0x8601ec8c));
  }
}

TEST_CASE("ketama: points by weight, in single precision") {
  using Counts = std::vector<std::uint32_t>;
  CHECK(ketama::PointCounts(Equal(1, 7)) == Counts{160});
  CHECK(ketama::PointCounts(Equal(4)) == Counts(4, 160));
  CHECK(ketama::PointCounts(Equal(25)) == Counts(25, 156));
  CHECK(ketama::PointCounts(Equal(100, kMaxWeight)) == Counts(100, 156));
  CHECK(ketama::PointCounts({{"a", "", 1}, {"b", "", 3}}) == Counts{80, 240});
  CHECK(ketama::PointCounts({{"a", "", 1}, {"b", "", 1'000}}) == Counts{0, 316});
  // The sum of the largest weights of the largest list still fits.
  const auto large = ketama::PointCounts(Equal(20'000, kMaxWeight));
  CHECK(std::ranges::all_of(large, [](std::uint32_t n) { return n == 156 || n == 160; }));
}

TEST_CASE("ketama: against a dumb second implementation, on random weights") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<ShardSpec> shards = Equal(1 + random() % 30);
    for (ShardSpec& shard : shards) {
      shard.weight = static_cast<int>(1 + random() % (round % 2 == 0 ? 3 : 1'000));
    }
    std::map<std::uint32_t, std::size_t> dumb;  // the first to come stays
    for (const Ring::Point& point : ketama::Points(shards)) dumb.emplace(point.hash, point.shard);
    const Ring ring = MustBuildKetama(shards, RingHash::kFnv1a64);
    REQUIRE(ring.points().size() == dumb.size());
    for (int i = 0; i < 300; ++i) {
      const std::string key = std::to_string(random());
      auto point = dumb.lower_bound(ketama::HashFnv1a64(key));
      if (point == dumb.end()) point = dumb.begin();
      REQUIRE(ring.Owner(key) == point->second);
    }
  }
}

TEST_CASE("ketama: of two shards with the same points the earlier wins everything") {
  const Ring ring =
      MustBuildKetama({{"other", "a"}, {"twin", "b"}, {"twin", "c"}}, RingHash::kFnv1a64);
  CHECK(ring.points().size() == 320);
  for (int i = 0; i < 100; ++i) {
    const auto order = ring.Order(std::to_string(i), 10);
    CHECK(order.size() == 2);
    CHECK(std::find(order.begin(), order.end(), 2u) == order.end());
  }
}

TEST_CASE("ketama: what cannot be built") {
  const RingSpec ketama = KetamaRing{};
  CHECK(Ring::Build({}, ketama).error().code == ErrorCode::kInvalid);
  for (const int weight : {0, -1, kMaxWeight + 1}) {
    CHECK(Ring::Build(Equal(2, weight), ketama).error().code == ErrorCode::kInvalid);
  }
  // The other ring ignores weights, and this one ignores `points`.
  CHECK(Ring::Build(Equal(2, 0), {}).has_value());
  CHECK(Ring::Build(Equal(2), ketama)->points().size() == 320);
}

}  // namespace ketama_test
