#include <doctest/doctest.h>

#include <zkcluster/spec.h>
#include <cmath>

#include <functional>
#include <string>
#include <vector>

#include "codec/codec.h"
#include "codec/spec_size.h"

namespace spec_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

ClusterSpec Good() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = 1'795'228'044'224'923;
  spec.shards = {{"s1", "10.0.0.1:6379"}, {"s2", ":6379"}, {"s3", "[::1]:6379"}};
  return spec;
}

}  // namespace

TEST_CASE("validate: what is good") {
  CHECK(Validate(Good()).has_value());
  ClusterSpec spec = Good();
  spec.checkers = 3;
  spec.quorum = 3;
  spec.mirror_limit = 0;
  spec.probe = {10ms, 1min, 1h, 10ms, 1h};
  spec.ring = ConsistentRing{10'000};
  spec.shards[0].name = "\xe9\x87\x8d/<1>";
  CHECK(Validate(spec).has_value());
  spec.ring = KetamaRing{RingHash::kMd5};
  spec.shards[0].weight = kMaxWeight;
  CHECK(Validate(spec).has_value());
}

TEST_CASE("validate: what is refused, and why") {
  struct Case {
    std::function<void(ClusterSpec&)> damage;
    std::string why;
  };
  const std::vector<Case> cases = {
      {[](ClusterSpec& s) { s.name = ""; }, "name: cluster name"},
      {[](ClusterSpec& s) { s.name = "a/b"; }, "contains '/'"},
      {[](ClusterSpec& s) { s.name = "a\xff"; }, "not UTF-8"},
      {[](ClusterSpec& s) { s.version = 1ull << 63; }, "version"},
      {[](ClusterSpec& s) { s.ring = ConsistentRing{0}; },
       "ring.points: expected a whole number from 1 to 10000, not 0"},
      {[](ClusterSpec& s) { s.ring = ConsistentRing{-1}; }, "from 1 to 10000, not -1"},
      {[](ClusterSpec& s) { s.ring = ConsistentRing{10'001}; }, "from 1 to 10000, not 10001"},
      {[](ClusterSpec& s) { s.shards[1].weight = 2; },
       "shard \"s2\": weight: only a ring of type ketama knows weights"},
      {[](ClusterSpec& s) { s.ring = KetamaRing{}, s.shards[0].weight = 0; },
       "shard \"s1\": weight: expected a whole number from 1 to 100000, not 0"},
      {[](ClusterSpec& s) { s.ring = KetamaRing{}, s.shards[0].weight = 100'001; },
       "from 1 to 100000, not 100001"},
      {[](ClusterSpec& s) { s.checkers = 0; },
       "checkers: expected a whole number from 1 to 1000, not 0"},
      {[](ClusterSpec& s) { s.checkers = 1001; }, "from 1 to 1000, not 1001"},
      {[](ClusterSpec& s) { s.quorum = 0; }, "quorum: expected a whole number from 1 to 1000"},
      {[](ClusterSpec& s) { s.checkers = 3, s.quorum = 4; },
       "quorum: is 4, more than the 3 checkers: no decision could ever be made"},
      {[](ClusterSpec& s) { s.min_racks = 0; },
       "min_racks: expected a whole number from 1 to 1000, not 0"},
      {[](ClusterSpec& s) { s.checkers = 3, s.min_racks = 4; },
       "min_racks: is 4, more than the 3 checkers: no shard could ever be dead"},
      {[](ClusterSpec& s) { s.max_dead_fraction = 0; }, "max_dead_fraction"},
      {[](ClusterSpec& s) { s.max_dead_fraction = 1.5; }, "max_dead_fraction"},
      {[](ClusterSpec& s) { s.max_dead_fraction = std::nan(""); }, "max_dead_fraction"},
      {[](ClusterSpec& s) { s.probe.interval = 9ms; },
       "probe.interval: must be from 10ms to 1h, not 9ms"},
      {[](ClusterSpec& s) { s.probe.timeout = 61s; },
       "probe.timeout: must be from 10ms to 1m, not 61s"},
      {[](ClusterSpec& s) { s.probe.threshold = 0s; }, "probe.threshold"},
      {[](ClusterSpec& s) { s.probe.refused_threshold = 2h; }, "probe.refused_threshold"},
      {[](ClusterSpec& s) { s.probe.fast_interval = -1s; },
       "probe.fast_interval: must be from 10ms to 1h, not -1s"},
      {[](ClusterSpec& s) { s.mirror_limit = 1'000'001; },
       "mirror_limit: expected a whole number from 0 to 1000000, not 1000001"},
      {[](ClusterSpec& s) { s.shards.clear(); }, "shards: empty: a cluster has at least one shard"},
      {[](ClusterSpec& s) { s.shards[1].name = ""; }, "shards[1].name: must not be empty"},
      {[](ClusterSpec& s) { s.shards[1].name = "\xc3("; }, "shards[1].name: is not UTF-8"},
      {[](ClusterSpec& s) { s.shards[1].name = "a\tb"; }, "control character"},
      {[](ClusterSpec& s) { s.shards[1].name = "a\xc2\x9b[2J"; },
       "shards[1].name: must not contain control characters"},
      {[](ClusterSpec& s) { s.shards[1].name = std::string(201, 'x'); }, "longer than 200"},
      {[](ClusterSpec& s) { s.shards[2].name = "s1"; },
       "shards[2].name: duplicate shard name \"s1\"; shards[0] has it already"},
      {[](ClusterSpec& s) { s.shards[2].addr = "10.0.0.1:6379"; },
       "shard \"s3\": addr: duplicate address \"10.0.0.1:6379\"; shards[0] has it already"},
      {[](ClusterSpec& s) { s.shards[0].addr = "Host:1", s.shards[2].addr = "hOST:01"; },
       "; shards[0] has it already"},
      {[](ClusterSpec& s) { s.shards[2].addr = "nowhere"; },
       "shard \"s3\": addr: address \"nowhere\""},
      {[](ClusterSpec& s) { s.shards[2].addr = "a\xff:1"; },
       "shard \"s3\": addr: the address is not UTF-8"},
  };
  for (const Case& c : cases) {
    ClusterSpec spec = Good();
    c.damage(spec);
    CAPTURE(c.why);
    const auto valid = Validate(spec);
    REQUIRE_FALSE(valid.has_value());
    CAPTURE(valid.error().message);
    CHECK(valid.error().code == ErrorCode::kInvalid);
    CHECK(valid.error().message.find(c.why) != std::string::npos);
    // One problem, one sentence.
    const std::size_t second = valid.error().message.find("; ");
    CHECK((second == std::string::npos ||
           valid.error().message.substr(second) == "; shards[0] has it already"));
  }
}

TEST_CASE("validate: all problems at once, but not thousands of them") {
  ClusterSpec spec = Good();
  spec.name = "..";
  spec.ring = ConsistentRing{0};
  spec.shards[1].addr = "x";
  std::string message = Validate(spec).error().message;
  for (const char* part : {"name", "; ring.points", "; shard \"s2\""}) {
    CHECK(message.find(part) != std::string::npos);
  }
  spec.shards.assign(1000, {"same", "h:1"});
  message = Validate(spec).error().message;
  CHECK(message.size() < 3000);
  CHECK(message.find("more") != std::string::npos);
}

TEST_CASE("validate: the size of the shards' JSON, to the byte") {
  ClusterSpec spec = Good();
  spec.ring = ConsistentRing{1};
  spec.shards.clear();
  for (int i = 0; i < 20'000; ++i) {
    const std::string number = std::to_string(i);
    spec.shards.push_back(
        {"s" + number, "10.0." + std::to_string(i / 200) + ".1:" + std::to_string(1 + i)});
  }
  // Pads the last names so that the whole is exactly of the limit's size.
  std::size_t missing = kMaxShardsBytes - EncodeSpec(spec).shards.size();
  for (auto shard = spec.shards.rbegin(); missing > 0; ++shard) {
    const std::size_t more = std::min<std::size_t>(missing, 150);
    shard->name += std::string(more, 'x');
    missing -= more;
  }
  REQUIRE(EncodeSpec(spec).shards.size() == kMaxShardsBytes);
  CHECK(Validate(spec).has_value());
  spec.shards.front().name += 'x';
  REQUIRE_FALSE(Validate(spec).has_value());
  CHECK(Validate(spec).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("size: from seven tenths of the limit on it is worth a warning, to the byte") {
  ClusterSpec spec = Good();
  CHECK_FALSE(BytesNearLimit(spec));
  const std::size_t few = EncodeSpec(spec).shards.size();
  spec.shards.front().name += std::string(700'000 - 1 - few, 'x');
  CHECK_FALSE(BytesNearLimit(spec));
  spec.shards.front().name += 'x';
  CHECK(BytesNearLimit(spec) == 700'000);
}

TEST_CASE("validate: a ring that no client could hold") {
  ClusterSpec spec = Good();
  spec.ring = ConsistentRing{10'000};
  spec.shards.clear();
  for (int i = 0; i < 1001; ++i)
    spec.shards.push_back({"s" + std::to_string(i), "h:" + std::to_string(i + 1)});
  REQUIRE_FALSE(Validate(spec).has_value());
  CHECK(Validate(spec).error().message.find("10000000 points") != std::string::npos);
  spec.shards.pop_back();
  CHECK(Validate(spec).has_value());
}

}  // namespace spec_test
