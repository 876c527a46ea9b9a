// A former spec is restored from what the journal remembers of each change, whatever changed.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/former_spec.h"
#include "model/settings.h"

namespace former_spec_test {

using namespace zkcluster;

namespace {

ClusterSpec Spec(const std::string& names) {
  ClusterSpec spec;
  spec.name = "sessions";
  for (const char name : names)
    spec.shards.push_back({std::string(1, name), std::string("h:") + name});
  return spec;
}

// The parts of the list that are remembered: "at+count:former names", separated by spaces.
std::string Pieces(const std::string& before, const std::string& after) {
  std::string text;
  for (const auto& piece : RememberSpec(Spec(before), Spec(after)).pieces) {
    text += (text.empty() ? "" : " ") + std::to_string(piece.at) + "+" +
            std::to_string(piece.count) + ":";
    for (const ShardSpec& shard : piece.shards) text += shard.name;
  }
  return text;
}

ClusterSpec Changed(ClusterSpec spec, std::mt19937_64& random) {
  auto& shards = spec.shards;
  const auto place = [&](std::size_t size) { return static_cast<std::ptrdiff_t>(random() % size); };
  for (std::size_t n = 1 + random() % 4; n > 0; --n) {
    switch (random() % 6) {
      case 0:
        if (!shards.empty()) shards.erase(shards.begin() + place(shards.size()));
        break;
      case 1:
        shards.insert(shards.begin() + place(shards.size() + 1),
                      {"n" + std::to_string(random()), "h:" + std::to_string(random() % 9)});
        break;
      case 2:
        if (!shards.empty()) shards[random() % shards.size()].addr = "moved:1";
        break;
      case 3:
        if (!shards.empty()) shards[random() % shards.size()].weight = 7;
        break;
      case 4:
        if (!shards.empty()) std::swap(shards[random() % shards.size()], shards.front());
        break;
      default:
        spec.quorum = static_cast<int>(random() % 5);
        spec.probe.threshold = std::chrono::seconds(random() % 5);
        spec.ring = KetamaRing{RingHash::kMd5};
        spec.outlier_votes = OutlierVotes::kIgnore;
    }
  }
  spec.version += 1 + random() % 9;
  return spec;
}

}  // namespace

TEST_CASE("former spec: what is remembered has the size of the change") {
  CHECK(Pieces("abcdef", "abcdef").empty());
  CHECK(Pieces("abcdef", "abdef") == "2+0:c");
  CHECK(Pieces("abcdef", "abxcdef") == "2+1:");
  CHECK(Pieces("abcdef", "xbcdey") == "0+1:a 5+1:f");
  CHECK(Pieces("abcdef", "abcxyf") == "3+2:de");
  CHECK(Pieces("abcdef", "abdcef") == "2+2:cd");
  CHECK(Pieces("abcdef", "") == "0+0:abcdef");
  CHECK(Pieces("", "ab") == "0+2:");
  CHECK(Pieces("abcdef", "fabcde") == "0+6:abcdef");
}

TEST_CASE("former spec: a chain of random changes is walked back") {
  std::mt19937_64 random(1);
  for (int chain = 0; chain < 300; ++chain) {
    std::vector<ClusterSpec> specs = {Spec("abcdefghij")};
    std::vector<FormerSpec> formers;
    for (int change = 0; change < 6; ++change) {
      specs.push_back(Changed(specs.back(), random));
      formers.push_back(RememberSpec(specs[specs.size() - 2], specs.back()));
    }
    Result<ClusterSpec> now = specs.back();
    for (std::size_t i = formers.size(); i-- > 0;) {
      now = RestoreSpec(formers[i], *now);
      REQUIRE(now);
      REQUIRE(*now == specs[i]);
    }
  }
}

TEST_CASE("former spec: one that does not fit the list is bad data") {
  const ClusterSpec after = Spec("abc");
  using Pieces = std::vector<FormerSpec::Piece>;
  for (const Pieces& pieces :
       {Pieces{{4, 0, {}}}, Pieces{{2, 2, {}}}, Pieces{{1, 2, {}}, {2, 0, {}}},
        Pieces{{1, static_cast<std::size_t>(-1), {}}}}) {
    const auto restored = RestoreSpec({{}, pieces}, after);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == ErrorCode::kBadData);
  }
}

TEST_CASE("former spec: every setting comes back") {
  ClusterSpec before = Spec("abc");
  before.version = 7;
  before.ring = KetamaRing{RingHash::kMd5};
  before.failover = false;
  before.checkers = 5;
  before.quorum = 3;
  before.min_racks = 2;
  before.max_dead_fraction = 0.25;
  before.mirror_limit = 65'536;
  before.outlier_votes = OutlierVotes::kIgnore;
  before.probe.interval = std::chrono::seconds(1);
  before.probe.timeout = std::chrono::milliseconds(250);
  before.probe.threshold = std::chrono::seconds(3);
  before.probe.refused_threshold = std::chrono::milliseconds(1500);
  before.probe.fast_interval = std::chrono::milliseconds(200);
  for (const Setting& setting : Settings()) {
    CAPTURE(setting.key);
    CHECK(GetSetting(before, setting) != GetSetting(ClusterSpec(), setting));
  }
  const ClusterSpec after = Spec("abd");
  CHECK(RestoreSpec(RememberSpec(before, after), after) == before);
}

}  // namespace former_spec_test
