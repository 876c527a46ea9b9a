#include "codec/valid_spec.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "codec/spec_size.h"

namespace valid_spec_test {

using namespace zkcluster;

namespace {

ClusterSpec EscapedSpec() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = 7;
  spec.quorum = 2;
  spec.shards = {{"s<1>", "10.0.0.1:6379"}, {"s2", ":6379"}};
  return spec;
}

}  // namespace

TEST_CASE("valid spec: encodes as the spec does, also at another version") {
  auto valid = ValidSpec::Make(EscapedSpec());
  REQUIRE_MESSAGE(valid.has_value(), valid.error().message);
  CHECK(valid->spec() == EscapedSpec());
  for (const std::uint64_t version : {7u, 8u}) {
    valid->set_version(version);
    ClusterSpec same = EscapedSpec();
    same.version = version;
    const SpecPayloads expected = EncodeSpec(same);
    const SpecPayloads payloads = valid->Encode();
    CHECK(payloads.version == expected.version);
    CHECK(payloads.shards == expected.shards);
    CHECK(payloads.options == expected.options);
  }
  CHECK_FALSE(valid->bytes_near_limit().has_value());
}

TEST_CASE("valid spec: what Validate refuses, in the same words") {
  ClusterSpec bad = EscapedSpec();
  bad.quorum = 0;
  bad.shards[1].addr = "nowhere";
  REQUIRE_FALSE(ValidSpec::Make(bad).has_value());
  CHECK(ValidSpec::Make(bad).error() == Validate(bad).error());
  SpecProblems problems;
  CHECK_FALSE(ValidSpec::Make(bad, problems).has_value());
  REQUIRE(problems.found().size() == 2);
  CHECK(problems.found()[0].key == "quorum");
  CHECK(problems.found()[1].key == "addr");
  CHECK(problems.found()[1].shard == 1u);

  ClusterSpec large = EscapedSpec();
  for (int i = 0; i < 24'000; ++i) {
    large.shards.push_back({"shard-" + std::to_string(i), "host-" + std::to_string(i) + ":6379"});
  }
  REQUIRE_FALSE(ValidSpec::Make(large).has_value());
  CHECK(ValidSpec::Make(large).error() == Validate(large).error());
  CHECK(ValidSpec::Make(large).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("size: a list that is not encoded is shorter than what it was asked for") {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<ShardSpec> shards(random() % 4);
    for (ShardSpec& shard : shards) {
      for (std::string* text : {&shard.name, &shard.addr}) {
        for (std::size_t n = random() % 6; n > 0; --n) *text += static_cast<char>(random() % 256);
      }
      shard.weight = random() % 2 ? 1 : static_cast<int>(random());
    }
    const std::size_t bytes = EncodeShards(shards).size();
    CHECK(ShardsBytesFrom(bytes, shards) == bytes);
    CHECK_FALSE(ShardsBytesFrom(bytes + 1, shards).has_value());
  }
}

}  // namespace valid_spec_test
