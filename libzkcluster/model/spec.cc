#include <zkcluster/spec.h>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>

#include "model/limits.h"
#include "model/paths.h"
#include "model/spec_check.h"
#include "text/address.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "text/utf8.h"

namespace zkcluster {
namespace {

std::string ProblemOfShardName(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > kMaxShardNameBytes) return "the name is longer than 200 bytes";
  if (!IsUtf8(name)) return "the name is not UTF-8";
  if (HasControl(name)) return "the name contains a control character";
  return {};
}

void CheckShards(const std::vector<ShardSpec>& shards, SpecProblems& problems) {
  if (shards.empty()) problems.Add("shards: the list is empty");
  std::unordered_map<std::string, std::size_t> names;
  std::unordered_map<std::string, std::size_t> addresses;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const ShardSpec& shard = shards[i];
    const std::string name_problem = ProblemOfShardName(shard.name);
    // Names that cannot be printed are told by their place, as are those that occur twice.
    const std::string place = "shards[" + std::to_string(i) + "]";
    const std::string who = name_problem.empty() ? "shard \"" + shard.name + "\"" : place;
    if (!name_problem.empty()) {
      problems.Add(place + ": " + name_problem);
    } else if (const auto [earlier, fresh] = names.emplace(shard.name, i); !fresh) {
      problems.Add(place + ": the name \"" + shard.name + "\" is that of shards[" +
                   std::to_string(earlier->second) + "] too");
    }
    const auto address = ParseAddress(shard.addr);
    if (!address) {
      problems.Add(who + ": " +
                   (IsUtf8(shard.addr) ? address.error().message : "the address is not UTF-8"));
    } else if (const auto [earlier, fresh] = addresses.emplace(FormatCanonical(*address), i);
               !fresh) {
      problems.Add(who + ": the address " + shard.addr + " is that of shards[" +
                   std::to_string(earlier->second) + "] too");
    }
  }
}

// One ring has one way to be written: what its type does not use stays as it is when left out.
void CheckRing(const ClusterSpec& spec, SpecProblems& problems) {
  const RingSpec& ring = spec.ring;
  const auto weight = [&problems](const ShardSpec& shard, const std::string& what) {
    problems.Add("shard \"" + OneLine(shard.name, 100) + "\": the weight " +
                 std::to_string(shard.weight) + what);
  };
  if (ring.type == RingType::kKetama) {
    if (ring.points != kKetamaPoints) {
      problems.Add("ring.points: a ketama ring always has " + std::to_string(kKetamaPoints) +
                   ", not " + std::to_string(ring.points));
    }
    for (const ShardSpec& shard : spec.shards) {
      if (shard.weight >= 1 && shard.weight <= kMaxWeight) continue;
      weight(shard, " is not within 1 .. " + std::to_string(kMaxWeight));
    }
    return;
  }
  if (ring.hash != RingSpec{}.hash) problems.Add("ring.hash: only a ketama ring has one");
  for (const ShardSpec& shard : spec.shards) {
    if (shard.weight != 1) weight(shard, ", but only a ketama ring knows weights");
  }
}

void CheckRange(std::string_view key, std::optional<Duration> value, Duration min, Duration max,
                SpecProblems& problems) {
  if (!value || (*value >= min && *value <= max)) return;
  problems.Add("probe." + std::string(key) + ": " + FormatDuration(*value) + " is not within " +
               FormatDuration(min) + " .. " + FormatDuration(max));
}

void CheckRange(std::string_view key, std::optional<int> value, int max, SpecProblems& problems) {
  if (!value || (*value >= 1 && *value <= max)) return;
  problems.Add(std::string(key) + ": " + std::to_string(*value) + " is not within 1 .. " +
               std::to_string(max));
}

// A person mends one mistake at a time; a list of 20,000 helps nobody.
constexpr int kMaxProblems = 20;

}  // namespace

void SpecProblems::Add(const std::string& problem) {
  if (++count_ > kMaxProblems) return;
  text_ += (text_.empty() ? "" : "; ") + problem;
}

std::string SpecProblems::text() const {
  if (count_ <= kMaxProblems) return text_;
  return text_ + "; and " + std::to_string(count_ - kMaxProblems) + " more";
}

std::string_view RingTypeName(RingType type) {
  return type == RingType::kKetama ? "ketama" : "consistent";
}

std::string_view RingHashName(RingHash hash) {
  return hash == RingHash::kMd5 ? "md5" : "fnv1a_64";
}

SpecProblems CheckSpec(const ClusterSpec& spec) {
  SpecProblems problems;
  if (const auto name = ValidateName("the cluster's name", spec.name); !name) {
    problems.Add(name.error().message);
  }
  if (spec.version > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    problems.Add("version: does not fit 63 bits");
  }
  CheckRange("ring.points", spec.ring.points, kMaxPointsPerShard, problems);
  if (spec.ring.points >= 1 && spec.ring.points <= kMaxPointsPerShard &&
      spec.shards.size() > kMaxRingPoints / static_cast<std::size_t>(spec.ring.points)) {
    problems.Add("ring.points: " + std::to_string(spec.ring.points) + " for each of " +
                 std::to_string(spec.shards.size()) + " shards make a ring of more than " +
                 std::to_string(kMaxRingPoints) + " points");
  }
  CheckRing(spec, problems);
  CheckRange("checkers", spec.checkers, kMaxCheckers, problems);
  CheckRange("quorum", spec.quorum, kMaxCheckers, problems);
  if (spec.checkers && spec.quorum && *spec.quorum > *spec.checkers) {
    problems.Add("quorum: " + std::to_string(*spec.quorum) + " votes can never come from " +
                 std::to_string(*spec.checkers) + " checkers");
  }
  CheckRange("min_racks", spec.min_racks, kMaxCheckers, problems);
  if (spec.checkers && spec.min_racks && *spec.min_racks > *spec.checkers) {
    problems.Add("min_racks: " + std::to_string(*spec.min_racks) + " racks can never come from " +
                 std::to_string(*spec.checkers) + " checkers");
  }
  if (spec.max_dead_fraction &&
      !(*spec.max_dead_fraction >= kMinFraction && *spec.max_dead_fraction <= 1)) {
    problems.Add("max_dead_fraction: is not above 0 and at most 1");
  }
  CheckRange("interval", spec.probe.interval, kMinProbeTime, kMaxProbeTime, problems);
  CheckRange("timeout", spec.probe.timeout, kMinProbeTime, kMaxProbeTimeout, problems);
  CheckRange("threshold", spec.probe.threshold, kMinProbeTime, kMaxProbeTime, problems);
  CheckRange("refused_threshold", spec.probe.refused_threshold, kMinProbeTime, kMaxProbeTime,
             problems);
  CheckRange("fast_interval", spec.probe.fast_interval, kMinProbeTime, kMaxProbeTime, problems);
  if (spec.mirror_limit && *spec.mirror_limit > kMaxShardsBytes) {
    problems.Add("mirror_limit: " + std::to_string(*spec.mirror_limit) + " is above " +
                 std::to_string(kMaxShardsBytes) + " bytes");
  }
  CheckShards(spec.shards, problems);
  return problems;
}

}  // namespace zkcluster
