// Shares and moves of rings, compared with counting by brute force; and their reports.
#include <doctest/doctest.h>
#include <zkcluster/ring.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tools/zkctl/report/ring.h"
#include "tools/zkctl/report/ring_spread.h"

namespace ring_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;

namespace {

constexpr Terminal kPlain{};

ClusterSpec Spec(std::size_t shards, RingSpec ring = {}) {
  ClusterSpec spec;
  spec.name = std::string("sessions");  // g++ 12 warns of an overlap that cannot be
  spec.ring = ring;
  for (std::size_t i = 1; i <= shards; ++i) {
    spec.shards.push_back({"s" + std::to_string(i), "h:" + std::to_string(i)});
  }
  return spec;
}

Ring MustBuild(const ClusterSpec& spec) {
  auto ring = Ring::Build(spec.shards, spec.ring);
  REQUIRE(ring.has_value());
  return *std::move(ring);
}

RingChange Compare(const ClusterSpec& from, const ClusterSpec& to) {
  return CompareRings(from, MustBuild(from), to, MustBuild(to));
}

// Every 2^16th hash of the circle, asked of the ring itself.
std::vector<double> SampledShares(const ClusterSpec& spec, const Ring& ring) {
  std::vector<double> shares(spec.shards.size());
  for (std::uint64_t hash = 0; hash < (std::uint64_t{1} << 32); hash += 65'536) {
    const std::size_t point = ring.PointOf(static_cast<std::uint32_t>(hash));
    shares[ring.points()[point].shard] += 65'536 / kCircle;
  }
  return shares;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ring spread: widths are those of the circle, keys those of the hash") {
  ClusterSpec weighted = Spec(7, KetamaRing{});
  weighted.shards[2].weight = 4;
  for (const ClusterSpec& spec : {Spec(1), Spec(5), Spec(9, ConsistentRing{3}), weighted}) {
    const Ring ring = MustBuild(spec);
    const RingSpread spread = MeasureSpread(spec, ring);
    const auto sampled = SampledShares(spec, ring);
    std::uint64_t width = 0;
    std::size_t keys = 0;
    std::size_t points = 0;
    double fair = 0;
    for (std::size_t i = 0; i < spec.shards.size(); ++i) {
      const RingSpread::Shard& shard = spread.shards[i];
      const double share = static_cast<double>(shard.width) / kCircle;
      CHECK(share == doctest::Approx(sampled[i]).epsilon(0.02));
      CHECK(static_cast<double>(shard.keys) / kSampleKeys == doctest::Approx(share).epsilon(0.1));
      CHECK(share / shard.fair >= spread.least * 0.999999);
      CHECK(share / shard.fair <= spread.most * 1.000001);
      width += shard.width;
      keys += shard.keys;
      points += shard.points;
      fair += shard.fair;
    }
    CHECK(width == std::uint64_t{1} << 32);
    CHECK(keys == kSampleKeys);
    CHECK(points == ring.points().size());
    CHECK(fair == doctest::Approx(1));
  }
  CHECK(MeasureSpread(Spec(1), MustBuild(Spec(1))).deviation == doctest::Approx(0));
  CHECK(MeasureSpread(weighted, MustBuild(weighted)).shards[2].fair == doctest::Approx(0.4));
}

TEST_CASE("ring spread: a point that another shard's equal point covers does not count") {
  ClusterSpec twins = Spec(2, ConsistentRing{8});
  twins.shards[0].name = twins.shards[1].name;
  const RingSpread spread = MeasureSpread(twins, MustBuild(twins));
  CHECK(spread.shards[0].points == 0);
  CHECK(spread.shards[0].width == 0);
  CHECK(spread.shards[1].width == std::uint64_t{1} << 32);
}

TEST_CASE("ring change: a new shard takes keys, and only it") {
  const RingChange change = Compare(Spec(4), Spec(5));
  REQUIRE(change.width.has_value());
  std::set<std::string> losers;
  std::size_t keys = 0;
  std::uint64_t width = 0;
  for (const RingChange::Move& move : change.moves) {
    CHECK(move.to == "s5");
    losers.insert(move.from);
    keys += move.keys;
    width += move.width;
  }
  CHECK(losers == std::set<std::string>{"s1", "s2", "s3", "s4"});
  CHECK(keys == change.keys);
  CHECK(width == *change.width);
  // Exactly what the new shard then has.
  const ClusterSpec after = Spec(5);
  const RingSpread spread = MeasureSpread(after, MustBuild(after));
  CHECK(*change.width == spread.shards[4].width);
  CHECK(change.keys == spread.shards[4].keys);
}

TEST_CASE("ring change: a shard that leaves gives keys, from any place in the list") {
  ClusterSpec after = Spec(5);
  after.shards.erase(after.shards.begin() + 1);
  const RingChange change = Compare(Spec(5), after);
  for (const RingChange::Move& move : change.moves) {
    CHECK(move.from == "s2");
    CHECK(move.to != "s2");
  }
  CHECK(change.keys == MeasureSpread(Spec(5), MustBuild(Spec(5))).shards[1].keys);
}

TEST_CASE("ring change: what moves nothing") {
  ClusterSpec to = Spec(5);
  to.shards[0].addr = "elsewhere:1";
  to.failover = false;
  std::swap(to.shards[1], to.shards[3]);
  const RingChange change = Compare(Spec(5), to);
  CHECK(change.keys == 0);
  CHECK(change.width == 0u);
  CHECK(change.moves.empty());
}

TEST_CASE("ring change: for another hash only sample keys are compared") {
  const ClusterSpec ketama = Spec(4, KetamaRing{});
  const RingChange change = Compare(Spec(4), ketama);
  CHECK_FALSE(change.width.has_value());
  // Three of four keys move.
  CHECK(static_cast<double>(change.keys) == doctest::Approx(0.75 * kSampleKeys).epsilon(0.1));
  CHECK(change.moves.size() == 12);
  for (std::size_t i = 1; i < change.moves.size(); ++i) {
    CHECK(change.moves[i - 1].keys >= change.moves[i].keys);
  }
  CHECK_FALSE(Compare(ketama, Spec(4, KetamaRing{RingHash::kMd5})).width.has_value());
  CHECK(Compare(ketama, Spec(5, KetamaRing{})).width.has_value());
}

TEST_CASE("ring reports: keys of the JSON, and tables") {
  ClusterSpec spec = Spec(2, KetamaRing{RingHash::kMd5});
  spec.shards[1].weight = 3;
  const RingSpread spread = MeasureSpread(spec, MustBuild(spec));
  const OrderedJson json = RingJson(spec, spread);
  CHECK(json["cluster"] == "sessions");
  CHECK(json["ring"].dump() == R"({"type":"ketama","hash":"md5"})");
  CHECK(json["sample_keys"] == 100'000);
  CHECK(json["shards"][1]["name"] == "s2");
  CHECK(json["shards"][1]["weight"] == 3);
  CHECK(json["shards"][1]["points"] == 240);
  CHECK(json["shards"][1]["fair"] == 0.75);
  CHECK(json["shards"][0]["keys"].get<int>() + json["shards"][1]["keys"].get<int>() == 100'000);
  const std::string text = RingText(spec, spread, kPlain);
  CHECK(Contains(text, "sessions: ketama, md5, 2 shards\nSHARD  WEIGHT  POINTS  SHARE "));
  CHECK(Contains(text, "75.00%"));
  CHECK(Contains(text, "keys counted with 100000 samples\n"));
  CHECK_FALSE(
      Contains(RingText(Spec(2), MeasureSpread(Spec(2), MustBuild(Spec(2))), kPlain), "WEIGHT"));

  const ClusterSpec to = Spec(3, KetamaRing{RingHash::kMd5});
  const OrderedJson change = RingChangeJson(spec, to, Compare(spec, to));
  CHECK(change["after"].dump() == R"({"type":"ketama","hash":"md5"})");
  CHECK(change["moved_keys"].get<int>() > 0);
  CHECK(change["moved_share"].is_number());
  CHECK(change["moves"][0].size() == 4);
  CHECK(RingChangeJson(Spec(2), to, Compare(Spec(2), to))["moved_share"].is_null());
  CHECK(Contains(RingChangeText(Spec(2), Spec(3), Compare(Spec(2), Spec(3)), kPlain),
                 "sessions: consistent, 160 points a shard, 2 shards -> consistent, 160 points a "
                 "shard, 3 shards\n"));
  CHECK(Contains(RingChangeText(Spec(20), to, Compare(Spec(20), to), kPlain),
                 "keys are hashed in another way\n"));
  CHECK(Contains(RingChangeText(Spec(20), to, Compare(Spec(20), to), kPlain), " more; -o json"));
}

}  // namespace ring_test
