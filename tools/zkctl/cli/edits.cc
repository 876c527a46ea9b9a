#include "tools/zkctl/cli/edits.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "text/address.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "tools/zkctl/report/render.h"
#include "yaml/suggest.h"

namespace zkcluster::zkctl {
namespace {

constexpr std::string_view kNone = "none";

std::optional<Duration>* FindProbe(ProbeSpec& probe, std::string_view key) {
  if (key == "interval") return &probe.interval;
  if (key == "timeout") return &probe.timeout;
  if (key == "threshold") return &probe.threshold;
  if (key == "refused_threshold") return &probe.refused_threshold;
  if (key == "fast_interval") return &probe.fast_interval;
  return nullptr;
}

auto FindShard(std::vector<ShardSpec>& shards, const std::string& name) {
  return std::find_if(shards.begin(), shards.end(),
                      [&](const ShardSpec& shard) { return shard.name == name; });
}

std::string Quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

namespace {

Error UnknownShard(const ClusterSpec& spec, const std::string& name, std::string_view verb) {
  std::vector<std::string_view> names;
  for (const ShardSpec& shard : spec.shards) names.push_back(shard.name);
  return {ErrorCode::kNotFound, "no shard " + Quoted(name) + " to " + std::string(verb) +
                                    NearestOf(name, names, "there are ")};
}

}  // namespace

Result<ShardSpec> ParseShard(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Fail(ErrorCode::kInvalid,
                "expected a shard such as s1=10.0.0.1:6379, not " + Quoted(text));
  }
  const auto address = ParseAddress(text.substr(equals + 1));
  if (!address) return Fail(address.error().Within("shard " + Quoted(text)));
  return ShardSpec{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Result<std::pair<std::string, int>> ParseWeight(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  const std::string_view digits = text.substr(equals == std::string_view::npos ? 0 : equals + 1);
  int weight = 0;
  const auto [end, rc] = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
  if (equals == std::string_view::npos || equals == 0 || rc != std::errc() ||
      end != digits.data() + digits.size() || weight < 1 || weight > kMaxWeight) {
    return Fail(ErrorCode::kInvalid, "expected a weight such as s1=2, 1 to " +
                                         std::to_string(kMaxWeight) + ", not " + Quoted(text));
  }
  return std::pair(std::string(text.substr(0, equals)), weight);
}

Result<CountEdit> ParseCount(std::string_view text) {
  if (text == kNone) return CountEdit{};
  int number = 0;
  const auto [end, rc] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (rc != std::errc() || end != text.data() + text.size() || number < 1) {
    return Fail(ErrorCode::kInvalid, "expected a number from 1 up, or none, not " + Quoted(text));
  }
  return CountEdit{number};
}

Result<FractionEdit> ParseFractionEdit(std::string_view text) {
  if (text == kNone) return FractionEdit{};
  const auto fraction = ParseFraction(text);
  if (!fraction) {
    return Fail(ErrorCode::kInvalid,
                "expected a fraction such as 0.5, at most 1, or none, not " + Quoted(text));
  }
  return FractionEdit{*fraction};
}

Result<std::pair<std::string, std::optional<Duration>>> ParseProbeEdit(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  ProbeSpec probe;
  if (FindProbe(probe, key) == nullptr) {
    return Fail(ErrorCode::kInvalid, "no probe setting " + Quoted(key) +
                                         DidYouMean(key, {"interval", "timeout", "threshold",
                                                          "refused_threshold", "fast_interval"}));
  }
  if (equals == std::string_view::npos) {
    return Fail(ErrorCode::kInvalid,
                "expected a setting such as interval=500ms, not " + Quoted(text));
  }
  const std::string_view value = text.substr(equals + 1);
  if (value == kNone) return std::pair(std::string(key), std::optional<Duration>());
  const auto duration = ParseDuration(value);
  if (!duration) return Fail(duration.error().Within(key));
  return std::pair(std::string(key), std::optional(*duration));
}

Result<ClusterSpec> ApplyEdits(ClusterSpec spec, const SpecEdits& edits) {
  for (const std::string& name : edits.remove_shards) {
    const auto found = FindShard(spec.shards, name);
    if (found == spec.shards.end()) {
      return Fail(UnknownShard(spec, name, "remove"));
    }
    spec.shards.erase(found);
  }
  for (const ShardSpec& shard : edits.set_addresses) {
    const auto found = FindShard(spec.shards, shard.name);
    if (found == spec.shards.end()) {
      return Fail(UnknownShard(spec, shard.name, "move"));
    }
    found->addr = shard.addr;
  }
  const auto before = static_cast<std::ptrdiff_t>(spec.shards.size());
  for (const ShardSpec& shard : edits.add_shards) {
    const auto found = FindShard(spec.shards, shard.name);
    if (found - spec.shards.begin() >= before && found != spec.shards.end()) {
      return Fail(ErrorCode::kInvalid, "shard " + Quoted(shard.name) + " is given twice");
    }
    if (found != spec.shards.end()) {
      return Fail(ErrorCode::kExists,
                  "shard " + Quoted(shard.name) +
                      " is there already; --set-addr moves it to another address");
    }
    spec.shards.push_back(shard);
  }
  if (edits.ring && *edits.ring != spec.ring.type) {
    spec.ring = RingSpec{.type = *edits.ring};
    // Only one type has weights.
    for (ShardSpec& shard : spec.shards) shard.weight = 1;
  }
  for (const auto& [name, weight] : edits.weights) {
    const auto found = FindShard(spec.shards, name);
    if (found == spec.shards.end()) {
      return Fail(UnknownShard(spec, name, "weigh"));
    }
    found->weight = weight;
  }
  if (edits.points) spec.ring.points = *edits.points;
  if (edits.hash) spec.ring.hash = *edits.hash;
  if (edits.failover) spec.failover = *edits.failover;
  if (edits.checkers) spec.checkers = edits.checkers->value;
  if (edits.quorum) spec.quorum = edits.quorum->value;
  if (edits.min_racks) spec.min_racks = edits.min_racks->value;
  if (edits.max_dead_fraction) spec.max_dead_fraction = edits.max_dead_fraction->value;
  for (const auto& [key, value] : edits.probe) {
    if (auto* setting = FindProbe(spec.probe, key)) *setting = value;
  }
  return spec;
}

Result<ClusterSpec> RenameShard(ClusterSpec spec, const std::string& from, const std::string& to) {
  const auto found = FindShard(spec.shards, from);
  if (found == spec.shards.end()) return Fail(UnknownShard(spec, from, "rename"));
  if (FindShard(spec.shards, to) != spec.shards.end()) {
    return Fail(ErrorCode::kExists, "shard " + Quoted(to) + " is there already");
  }
  found->name = to;
  return spec;
}

}  // namespace zkcluster::zkctl
