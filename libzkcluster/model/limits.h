// The limits that a spec must keep and that are not part of the public API, in one place for all
// code that reads, checks or writes specs. The public limits, kMaxShardsBytes and kMaxWeight, are
// in zkcluster/spec.h. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <zkcluster/time.h>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace zkcluster {

// Points per shard of a `consistent` ring, and points of a whole ring of either type.
inline constexpr int kMaxPointsPerShard = 10'000;
inline constexpr std::size_t kMaxRingPoints = 10'000'000;
// Points of a shard of mean weight on a `ketama` ring.
inline constexpr int kKetamaPoints = 160;
// Points of a shard (on a `ketama` ring: of mean weight).
[[nodiscard]] int PointsPerShard(const RingSpec& ring);

// The most checkers of an electorate, a quorum or a ledger, and the most racks.
inline constexpr int kMaxCheckers = 1'000;

inline constexpr std::size_t kMaxShardNameBytes = 200;
// No list is longer: `{"Name":"a","Addr":":1"},` is the shortest shard in kMaxShardsBytes.
inline constexpr std::size_t kMaxShards = kMaxShardsBytes / 25;
// From this size on, seven tenths of kMaxShardsBytes, a list gets a warning.
inline constexpr std::size_t kNearShardsBytes = kMaxShardsBytes / 10 * 7;
// The journal remembers what a change of the spec replaced if its entry is not larger.
inline constexpr std::size_t kMaxUpdateBytes = 65'536;
// The Go mirror is kept up to this size where the spec sets no `mirror_limit`.
inline constexpr std::size_t kDefaultMirrorLimit = 65'536;

// A version has to fit 63 bits, as Go reads it into an int64.
inline constexpr std::uint64_t kMaxSpecVersion = std::numeric_limits<std::int64_t>::max();

// Times of probes.
inline constexpr Duration kMinProbeTime = std::chrono::milliseconds(10);
inline constexpr Duration kMaxProbeTimeout = std::chrono::minutes(1);
inline constexpr Duration kMaxProbeTime = std::chrono::hours(1);

// What probes go by where neither a spec nor a checker's file says anything.
inline constexpr Duration kDefaultInterval = std::chrono::seconds(1);
inline constexpr Duration kDefaultTimeout = std::chrono::milliseconds(500);
inline constexpr Duration kDefaultThreshold = std::chrono::seconds(3);
inline constexpr Duration kDefaultRefusedThreshold = std::chrono::seconds(1);
inline constexpr Duration kDefaultFastInterval = std::chrono::milliseconds(250);

// The largest penalty of a flapping shard, in good probes in a row before its next return. A
// cluster's own limit is the number of probes in 10 x threshold, at least 1; the times above bound
// it by this.
inline constexpr int kMaxPenalty = static_cast<int>(10 * kMaxProbeTime / kMinProbeTime);
[[nodiscard]] constexpr int MaxRequired(Duration threshold, Duration interval) {
  if (interval <= Duration::zero()) return 1;
  return static_cast<int>(std::clamp<Duration::rep>(10 * threshold / interval, 1, kMaxPenalty));
}

}  // namespace zkcluster
