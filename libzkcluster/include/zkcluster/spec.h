// What the operator wants of one cluster: its shards, how keys are placed on them, and the limits
// by which its health is judged. `zkctl` and `Manager` write specs, checkers and clients read them;
// in ZooKeeper a spec is the Go form (`shards`, `options` and the cluster's own znode). Pure.
#pragma once

#include <zkcluster/export.h>
#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zkcluster {

// A Redis server addressed by name. The name places keys on the ring, so it outlives the address.
struct ShardSpec {
  std::string name;  // unique in the cluster, not empty
  // "host:port", "[v6]:port" or ":port" (this host, seen from each reader); unique.
  std::string addr;
  // Its share of a `ketama` ring's keys, relative to the other shards' weights, 1 .. kMaxWeight.
  // Other rings have no weights: there it must be 1.
  int weight = 1;
  bool operator==(const ShardSpec&) const = default;
};

// The largest weight: those of 20,000 shards must add up in 32 bits, as they do in twemproxy.
inline constexpr int kMaxWeight = 100'000;

enum class RingType {
  kConsistent,  // as the Go library places keys
  kKetama,      // as twemproxy does with `distribution: ketama`
};
// What a `ketama` ring hashes keys with: `hash` of a twemproxy pool.
enum class RingHash { kFnv1a64, kMd5 };

[[nodiscard]] ZKC_EXPORT std::string_view RingTypeName(RingType type);  // "consistent", "ketama"
[[nodiscard]] ZKC_EXPORT std::string_view RingHashName(RingHash hash);  // "fnv1a_64", "md5"

struct ConsistentRing {
  // Points per shard, 1 .. 10,000, and at most 10 million in the whole ring. More points spread
  // keys more evenly and cost memory; 160 leave the busiest of ten shards 40 % above the mean, as
  // CRC-32 scatters similar names poorly (`zkctl ring` measures it).
  int points = 160;
  bool operator==(const ConsistentRing&) const = default;
};

// A `ketama` ring always has 160 points for a shard of mean weight.
struct KetamaRing {
  RingHash hash = RingHash::kFnv1a64;
  bool operator==(const KetamaRing&) const = default;
};

// How keys are placed: a type of ring, with the settings of that type and no others.
using RingSpec = std::variant<ConsistentRing, KetamaRing>;

[[nodiscard]] ZKC_EXPORT RingType RingTypeOf(const RingSpec& ring);

// How a shard is probed. Missing values are taken from the checker's own file, then
// from `HealthSettings`' defaults.
struct ProbeSpec {
  std::optional<Duration> interval;           // between probes of one shard; 10 ms .. 1 h
  std::optional<Duration> timeout;            // of one probe, connect and reply; 10 ms .. 1 min
  std::optional<Duration> threshold;          // without a success, then dead; 10 ms .. 1 h
  std::optional<Duration> refused_threshold;  // the same when every failure was a refusal
  std::optional<Duration> fast_interval;      // between probes after a failure; 10 ms .. 1 h
  bool operator==(const ProbeSpec&) const = default;
};

// What becomes of the ballot of a checker that alone calls many servers dead, or cannot tell, while
// the others call them alive and agree with each other: it is more likely blind than right.
enum class OutlierVotes {
  kCount,   // as any other
  kIgnore,  // it is left out. The quorum stays, so that fewer votes never decide.
};
// "count", "ignore".
[[nodiscard]] ZKC_EXPORT std::string_view OutlierVotesName(OutlierVotes votes);

struct ClusterSpec {
  std::string name;  // 1 .. 200 bytes, no '/', no control characters, not "." or ".."
  // Microseconds since 1970 of the last change; each update writes a greater one.
  std::uint64_t version = 0;
  RingSpec ring;
  bool failover = true;  // false: a dead shard's keys have no stand-in
  // The size of the electorate; without it, every checker ever seen counts.
  std::optional<int> checkers;
  std::optional<int> quorum;  // votes needed; without it, a majority of the electorate
  // A flip to dead needs dead votes from checkers of this many racks, 1 .. 1,000. Checkers whose
  // file names no rack count as one rack. Above the number of racks, nothing ever dies.
  std::optional<int> min_racks;
  // Freeze: no more than this fraction of the shards (but always one) is marked dead, above 0 .. 1
  // (off). When more would be dead, nothing flips to dead until fewer than three quarters of that
  // number would be, or until an operator ends the freeze; flips to alive still pass.
  std::optional<double> max_dead_fraction;
  ProbeSpec probe;
  // The Go mirror in `status` is kept while its JSON is at most this many bytes; 0 turns it off.
  std::optional<std::size_t> mirror_limit;
  std::optional<OutlierVotes> outlier_votes;  // without it they count
  // Order matters: of two equal points of a `consistent` ring the later shard's wins, of a `ketama`
  // ring the earlier's.
  std::vector<ShardSpec> shards;
  bool operator==(const ClusterSpec&) const = default;
};

// The largest `shards` znode accepted, in bytes of JSON (about 20,000 shards). ZooKeeper drops a
// connection that sends 1,048,575 bytes or more, and says nothing.
inline constexpr std::size_t kMaxShardsBytes = 1'000'000;

// Every rule that a spec must keep, all broken ones listed in one message: names,
// addresses, duplicates, empty list, ranges, which settings each type of ring has, quorum
// within checkers, and kMaxShardsBytes.
// Errors: kInvalid, kTooLarge.
[[nodiscard]] ZKC_EXPORT Result<void> Validate(const ClusterSpec& spec);

}  // namespace zkcluster
