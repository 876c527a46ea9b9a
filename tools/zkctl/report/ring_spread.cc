#include "tools/zkctl/report/ring_spread.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace zkcluster::zkctl {
namespace {

// SplitMix64: keys without a pattern that would suit or upset a hash.
std::uint64_t Scramble(std::uint64_t n) {
  n += 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

// How many hashes end at the point: those above the one before it, round the circle.
std::uint64_t WidthBefore(const std::vector<Ring::Point>& points, std::size_t at) {
  const std::uint64_t here = points[at].hash;
  if (at > 0) return here - points[at - 1].hash;
  return here + (std::uint64_t{1} << 32) - points.back().hash;
}

bool HashAlike(const RingSpec& a, const RingSpec& b) {
  const RingType type = RingTypeOf(a);
  return type == RingTypeOf(b) && (type == RingType::kConsistent || a == b);
}

// The points of both rings cut the circle into pieces; within a piece each ring has one owner.
void ForEachPiece(const Ring& from, const Ring& to,
                  const std::function<void(std::size_t, std::size_t, std::uint64_t)>& visit) {
  std::vector<std::uint32_t> ends;
  for (const Ring* ring : {&from, &to}) {
    for (const Ring::Point& point : ring->points()) ends.push_back(point.hash);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::uint64_t width =
        i > 0 ? ends[i] - ends[i - 1] : ends[0] + (std::uint64_t{1} << 32) - ends.back();
    visit(from.points()[from.PointOf(ends[i])].shard, to.points()[to.PointOf(ends[i])].shard,
          width);
  }
}

}  // namespace

std::string SampleKey(std::uint64_t n) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string key = "key:0000000000000000";
  std::uint64_t bits = Scramble(n);
  for (std::size_t i = key.size(); i > 4; bits >>= 4) key[--i] = kDigits[bits & 15];
  return key;
}

RingSpread MeasureSpread(const ClusterSpec& spec, const Ring& ring) {
  RingSpread spread;
  spread.shards.resize(spec.shards.size());
  const auto& points = ring.points();
  for (std::size_t i = 0; i < points.size(); ++i) {
    RingSpread::Shard& shard = spread.shards[points[i].shard];
    ++shard.points;
    shard.width += WidthBefore(points, i);
  }
  for (std::uint64_t n = 0; n < kSampleKeys; ++n) ++spread.shards[ring.Owner(SampleKey(n))].keys;

  double weights = 0;
  for (const ShardSpec& shard : spec.shards) weights += shard.weight;
  spread.least = kCircle;
  double squares = 0;
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    RingSpread::Shard& shard = spread.shards[i];
    shard.fair = spec.shards[i].weight / weights;
    const double load = static_cast<double>(shard.width) / kCircle / shard.fair;
    spread.least = std::min(spread.least, load);
    spread.most = std::max(spread.most, load);
    squares += (load - 1) * (load - 1);
  }
  spread.deviation = std::sqrt(squares / static_cast<double>(spec.shards.size()));
  return spread;
}

RingChange CompareRings(const ClusterSpec& from_spec, const Ring& from, const ClusterSpec& to_spec,
                        const Ring& to) {
  // The place in the new list of each old shard, if it stays.
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < to_spec.shards.size(); ++i) places[to_spec.shards[i].name] = i;
  std::vector<std::size_t> stays(from_spec.shards.size(), to_spec.shards.size());
  for (std::size_t i = 0; i < stays.size(); ++i) {
    const auto place = places.find(from_spec.shards[i].name);
    if (place != places.end()) stays[i] = place->second;
  }

  RingChange change;
  std::map<std::pair<std::size_t, std::size_t>, RingChange::Move> moves;
  for (std::uint64_t n = 0; n < kSampleKeys; ++n) {
    const std::string key = SampleKey(n);
    const std::pair owners(from.Owner(key), to.Owner(key));
    if (stays[owners.first] == owners.second) continue;
    ++moves[owners].keys;
    ++change.keys;
  }
  if (HashAlike(from_spec.ring, to_spec.ring)) {
    change.width = 0;
    ForEachPiece(from, to, [&](std::size_t before, std::size_t after, std::uint64_t width) {
      if (stays[before] == after) return;
      moves[{before, after}].width += width;
      *change.width += width;
    });
  }
  for (auto& [owners, move] : moves) {
    move.from = from_spec.shards[owners.first].name;
    move.to = to_spec.shards[owners.second].name;
    change.moves.push_back(std::move(move));
  }
  std::stable_sort(change.moves.begin(), change.moves.end(),
                   [](const RingChange::Move& a, const RingChange::Move& b) {
                     return std::tie(a.keys, a.width) > std::tie(b.keys, b.width);
                   });
  return change;
}

}  // namespace zkcluster::zkctl
