#include <doctest/doctest.h>
#include <zkcluster/ring.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace ring_test {

using namespace zkcluster;

namespace {

// The second implementation: exactly as the header's prose describes it, without regard to speed.
std::uint32_t DumbCrc(std::string_view text) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

class DumbRing {
 public:
  DumbRing(const std::vector<ShardSpec>& shards, int points) {
    for (std::size_t i = 0; i < shards.size(); ++i) {
      for (int j = 0; j < points; ++j) points_[DumbCrc(std::to_string(j) + shards[i].name)] = i;
    }
  }
  const std::map<std::uint32_t, std::size_t>& points() const { return points_; }
  std::size_t Owner(std::uint32_t hash) const {
    const auto point = points_.lower_bound(hash);
    return point == points_.end() ? points_.begin()->second : point->second;
  }
  std::vector<std::size_t> Order(std::uint32_t hash) const {
    std::vector<std::size_t> walk;
    for (auto p = points_.lower_bound(hash); p != points_.end(); ++p) walk.push_back(p->second);
    for (auto p = points_.begin(); p != points_.lower_bound(hash); ++p) walk.push_back(p->second);
    std::vector<std::size_t> order;
    for (const std::size_t shard : walk) {
      if (std::find(order.begin(), order.end(), shard) == order.end()) order.push_back(shard);
    }
    return order;
  }

 private:
  std::map<std::uint32_t, std::size_t> points_;
};

std::vector<ShardSpec> Shards(std::size_t count) {
  std::vector<ShardSpec> shards;
  for (std::size_t i = 0; i < count; ++i) shards.push_back({"s" + std::to_string(i), ""});
  return shards;
}

Ring MustBuild(const std::vector<ShardSpec>& shards, int points) {
  auto ring = Ring::Build(shards, ConsistentRing{points});
  REQUIRE(ring.has_value());
  return *std::move(ring);
}

}  // namespace

TEST_CASE("ring: the CRC's check value, and every length and alignment") {
  CHECK(Ring::Hash("123456789") == 0xcbf43926);
  CHECK(Ring::Hash("") == 0);
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7 + 3);
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t size = 0; size < 64; ++size) {
      const std::string_view part = std::string_view(text).substr(from, size);
      REQUIRE(Ring::Hash(part) == DumbCrc(part));
    }
  }
}

TEST_CASE("ring: every key of the Go library's own rings") {
  std::ifstream file(ZKC_TESTDATA "/ring_vectors.jsonl");
  int rings = 0;
  int keys = 0;
  for (std::string line; std::getline(file, line);) {
    const auto vector = nlohmann::json::parse(line);
    std::vector<ShardSpec> shards;
    for (const auto& shard : vector["shards"]) shards.push_back({shard["Name"], shard["Addr"]});
    const Ring ring = MustBuild(shards, vector["replicas"]);
    for (const auto& lookup : vector["lookups"]) {
      const std::string key = lookup["key"];
      CAPTURE(vector["name"].get<std::string>());
      CAPTURE(key);
      CHECK(shards[ring.Owner(key)].name == lookup["owner"].get<std::string>());
      const auto expected = lookup["failover_order"].get<std::vector<std::string>>();
      std::vector<std::string> order;
      for (const std::size_t shard : ring.Order(key, expected.size()))
        order.push_back(shards[shard].name);
      CHECK(order == expected);
      ++keys;
    }
    ++rings;
  }
  CHECK(rings == 5);
  CHECK(keys == 305);
}

TEST_CASE("ring: against a dumb second implementation, on random rings") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<ShardSpec> shards;
    const std::size_t count = 1 + random() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      std::string name;
      for (std::size_t n = 1 + random() % 20; n > 0; --n)
        name += static_cast<char>('!' + random() % 90);
      shards.push_back({name, ""});
    }
    const int points = static_cast<int>(1 + random() % (round % 10 == 0 ? 300 : 12));
    const Ring ring = MustBuild(shards, points);
    const DumbRing dumb(shards, points);

    REQUIRE(ring.points().size() == dumb.points().size());
    std::size_t at = 0;
    for (const auto& [hash, shard] : dumb.points()) {
      REQUIRE(ring.points()[at].hash == hash);
      REQUIRE(ring.points()[at].shard == shard);
      // On the point, just before it and just after it.
      REQUIRE(ring.PointOf(hash) == at);
      for (const std::uint32_t near : {hash - 1, hash + 1}) {
        REQUIRE(ring.points()[ring.PointOf(near)].shard == dumb.Owner(near));
      }
      ++at;
    }
    for (int i = 0; i < 50; ++i) {
      const std::string key = std::to_string(random());
      const auto expected = dumb.Order(DumbCrc(key));
      REQUIRE(ring.Owner(key) == expected.front());
      REQUIRE(ring.Order(key, shards.size()) == expected);
      const std::size_t limit = random() % 5;
      REQUIRE(ring.Order(key, limit).size() == std::min(limit, expected.size()));
    }
    CHECK(ring.PointOf(0) == 0);
    const bool last_is_on_top = ring.points().back().hash == 0xffffffff;
    CHECK(ring.PointOf(0xffffffff) == (last_is_on_top ? ring.points().size() - 1 : 0));
  }
}

TEST_CASE("ring: of two shards with the same points the later wins everything") {
  // One name twice gives equal points for certain; the earlier one is never found.
  const Ring ring = MustBuild({{"twin", "a"}, {"other", "b"}, {"twin", "c"}}, 8);
  CHECK(ring.points().size() == 16);
  for (int i = 0; i < 100; ++i) {
    const auto order = ring.Order(std::to_string(i), 10);
    CHECK(order.size() == 2);
    CHECK(std::find(order.begin(), order.end(), 0u) == order.end());
  }
}

TEST_CASE("ring: a single point owns everything") {
  const Ring ring = MustBuild(Shards(1), 1);
  for (const std::uint32_t hash : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    CHECK(ring.PointOf(hash) == 0);
  CHECK(ring.Order("x", 9) == std::vector<std::size_t>{0});
}

TEST_CASE("ring: points that collide in a large ring go to the later shard") {
  // Names that differ only in a few digits never collide: a CRC differs for certain.
  std::mt19937_64 random(7);
  std::vector<ShardSpec> shards;
  for (int i = 0; i < 2000; ++i) {
    shards.push_back({std::to_string(random()) + std::to_string(random()), ""});
  }
  const Ring ring = MustBuild(shards, 160);
  const auto& points = ring.points();
  const auto is_not_sorted = [](const Ring::Point& a, const Ring::Point& b) {
    return a.hash >= b.hash;
  };
  CHECK(std::adjacent_find(points.begin(), points.end(), is_not_sorted) == points.end());
  std::unordered_map<std::uint32_t, std::uint32_t> last;
  for (std::uint32_t i = 0; i < shards.size(); ++i) {
    for (int j = 0; j < 160; ++j) last[Ring::Hash(std::to_string(j) + shards[i].name)] = i;
  }
  REQUIRE(last.size() < 320'000);  // or the test shows nothing
  CHECK(last.size() == points.size());
  CHECK(std::all_of(points.begin(), points.end(), [&](const Ring::Point& point) {
    return last.contains(point.hash) && last[point.hash] == point.shard;
  }));
}

TEST_CASE("ring: points that crowd together are sorted all the same") {
  std::vector<ShardSpec> shards;
  for (int i = 0; shards.size() < 200; ++i) {
    // One point a shard, all within a 256th of the circle.
    const std::string name = std::to_string(i);
    if (DumbCrc("0" + name) >> 24 == 0x5a) shards.push_back({name, ""});
  }
  const Ring ring = MustBuild(shards, 1);
  const DumbRing dumb(shards, 1);
  REQUIRE(ring.points().size() == dumb.points().size());
  std::size_t at = 0;
  for (const auto& [hash, shard] : dumb.points()) {
    REQUIRE(ring.points()[at++] == Ring::Point{hash, static_cast<std::uint32_t>(shard)});
    CHECK(ring.points()[ring.PointOf(hash)].shard == shard);
  }
  CHECK(ring.PointOf(0) == 0);
  CHECK(ring.PointOf(0xffffffff) == 0);
}

TEST_CASE("ring: what cannot be built") {
  CHECK(Ring::Build({}, {}).error().code == ErrorCode::kInvalid);
  CHECK(Ring::Build(Shards(1), ConsistentRing{0}).error().code == ErrorCode::kInvalid);
  CHECK(Ring::Build(Shards(1), ConsistentRing{-7}).error().code == ErrorCode::kInvalid);
  CHECK(Ring::Build(Shards(2), ConsistentRing{2'000'000'000}).error().code == ErrorCode::kInvalid);
}

}  // namespace ring_test
