#include "yaml/spec_file.h"

#include <zkcluster/ring.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "codec/codec.h"
#include "model/limits.h"
#include "model/paths.h"
#include "text/address.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "text/utf8.h"
#include "yaml/reader.h"
#include "yaml/scalar.h"

namespace zkcluster {
namespace {

using yaml::Value;
using namespace std::chrono_literals;

void ReadName(const Value& value, std::string_view wanted, ClusterSpec& spec) {
  if (!value.present()) {
    if (wanted.empty()) {
      value.Complain("missing: which cluster is this?");
    } else {
      spec.name = wanted;
    }
    return;
  }
  const auto name = value.String();
  if (!name) return;
  spec.name = *name;
  if (const auto valid = ValidateName("cluster name", *name); !valid) {
    value.Complain(valid.error().message);
  } else if (!wanted.empty() && *name != wanted) {
    value.Complain("is \"" + *name + "\", but the command names \"" + std::string(wanted) + "\"");
  }
}

void ReadRing(const Value& value, RingSpec& ring) {
  if (!value.ExpectMap({"type", "points", "hash"})) return;
  const auto type =
      value["type"].Choice({RingTypeName(RingType::kConsistent), RingTypeName(RingType::kKetama)});
  if (type == 1u) ring.type = RingType::kKetama;
  const Value points = value["points"];
  const Value hash = value["hash"];
  if (ring.type == RingType::kKetama) {
    if (points.present()) {
      points.Complain("a ketama ring always has 160 for a shard of mean weight: leave this out");
    }
    const auto chosen =
        hash.Choice({RingHashName(RingHash::kFnv1a64), RingHashName(RingHash::kMd5)});
    if (chosen == 1u) ring.hash = RingHash::kMd5;
    return;
  }
  if (hash.present()) hash.Complain("only a ring of type ketama has a choice of hash");
  if (const auto count = points.Integer(1, kMaxPointsPerShard))
    ring.points = static_cast<int>(*count);
}

std::optional<int> ReadCount(const Value& value) {
  const auto count = value.Integer(1, kMaxCheckers);
  return count ? std::optional(static_cast<int>(*count)) : std::nullopt;
}

void ReadProbe(const Value& value, ProbeSpec& probe) {
  if (!value.ExpectMap(
          {"interval", "timeout", "threshold", "refused_threshold", "fast_interval"})) {
    return;
  }
  probe.interval = value["interval"].GetDuration(kMinProbeTime, kMaxProbeTime);
  probe.timeout = value["timeout"].GetDuration(kMinProbeTime, kMaxProbeTimeout);
  probe.threshold = value["threshold"].GetDuration(kMinProbeTime, kMaxProbeTime);
  probe.refused_threshold = value["refused_threshold"].GetDuration(kMinProbeTime, kMaxProbeTime);
  probe.fast_interval = value["fast_interval"].GetDuration(kMinProbeTime, kMaxProbeTime);
}

// Complains at the second place a text stands, naming the line of the first.
class Once {
 public:
  explicit Once(std::string what) : what_(std::move(what)) {}
  void Take(const Value& value, const std::string& text) {
    const auto [first, added] = lines_.emplace(text, value.line());
    if (added) return;
    value.Complain("duplicate " + what_ + " \"" + text + "\"; it stands in line " +
                   std::to_string(first->second) + " already");
  }

 private:
  std::string what_;
  std::map<std::string, int> lines_;
};

ShardSpec ReadShard(const Value& item, const RingSpec& ring, Once& names, Once& addresses) {
  ShardSpec shard;
  if (const Value name = item["name"]; !name.present()) {
    name.Complain("missing");
  } else if (const auto text = name.String()) {
    if (text->empty()) name.Complain("must not be empty");
    if (text->size() > kMaxShardNameBytes) name.Complain("is longer than 200 bytes");
    if (HasControl(*text)) name.Complain("must not contain control characters");
    shard.name = *text;
    if (!text->empty()) names.Take(name, *text);
  }
  if (const Value addr = item["addr"]; !addr.present()) {
    addr.Complain("missing");
  } else if (const auto text = addr.String()) {
    if (const auto address = ParseAddress(*text); !address) {
      addr.Complain(address.error().message);
    } else {
      addresses.Take(addr, FormatCanonical(*address));
    }
    shard.addr = *text;
  }
  const Value weight = item["weight"];
  if (const auto number = weight.Integer(1, kMaxWeight)) {
    shard.weight = static_cast<int>(*number);
    if (shard.weight != 1 && ring.type != RingType::kKetama) {
      weight.Complain("only a ring of type ketama knows weights");
    }
  }
  return shard;
}

void ReadShards(const Value& value, const RingSpec& ring, std::vector<ShardSpec>& shards) {
  if (!value.present()) {
    value.Complain("missing: a cluster has at least one shard");
    return;
  }
  const auto items = value.Items();
  if (value.IsList() && items.empty()) value.Complain("empty: a cluster has at least one shard");
  Once names("shard name");
  Once addresses("address");
  for (const Value& item : items) {
    if (!item.present()) {
      item.Complain("expected a shard such as {name: s1, addr: 10.0.0.1:6379}");
      continue;
    }
    if (!item.ExpectMap({"name", "addr", "weight"})) continue;
    shards.push_back(ReadShard(item, ring, names, addresses));
  }
}

// What is set, in the order both forms print it.
struct Setting {
  std::string_view key;
  std::string value;
};
std::vector<Setting> ProbeSettings(const ProbeSpec& probe) {
  std::vector<Setting> settings;
  const auto add = [&](std::string_view key, const std::optional<Duration>& duration) {
    if (duration) settings.push_back({key, FormatDuration(*duration)});
  };
  add("interval", probe.interval);
  add("timeout", probe.timeout);
  add("threshold", probe.threshold);
  add("refused_threshold", probe.refused_threshold);
  add("fast_interval", probe.fast_interval);
  return settings;
}

}  // namespace

Result<ClusterSpec> ParseSpecFile(std::string file, std::string_view text, std::string_view name) {
  auto document = yaml::Document::Parse(std::move(file), text);
  if (!document) return Fail(document.error());
  const Value root = document->root();
  ClusterSpec spec;
  if (!root.present()) {
    root.Complain("empty: expected at least name and shards");
  } else if (root.ExpectMap({"name", "version", "ring", "failover", "checkers", "quorum",
                             "min_racks", "max_dead_fraction", "probe", "mirror_limit",
                             "shards"})) {
    ReadName(root["name"], name, spec);
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    spec.version = static_cast<std::uint64_t>(root["version"].Integer(0, kMax).value_or(0));
    ReadRing(root["ring"], spec.ring);
    spec.failover = root["failover"].Boolean().value_or(true);
    spec.checkers = ReadCount(root["checkers"]);
    const Value quorum = root["quorum"];
    spec.quorum = ReadCount(quorum);
    if (spec.checkers && spec.quorum && *spec.quorum > *spec.checkers) {
      quorum.Complain("is " + std::to_string(*spec.quorum) + ", more than the " +
                      std::to_string(*spec.checkers) + " checkers: no decision could ever be made");
    }
    const Value racks = root["min_racks"];
    spec.min_racks = ReadCount(racks);
    if (spec.checkers && spec.min_racks && *spec.min_racks > *spec.checkers) {
      racks.Complain("is " + std::to_string(*spec.min_racks) + ", more than the " +
                     std::to_string(*spec.checkers) + " checkers: no shard could ever be dead");
    }
    spec.max_dead_fraction = root["max_dead_fraction"].Fraction();
    ReadProbe(root["probe"], spec.probe);
    if (const auto limit = root["mirror_limit"].Integer(0, kMaxShardsBytes)) {
      spec.mirror_limit = static_cast<std::size_t>(*limit);
    }
    ReadShards(root["shards"], spec.ring, spec.shards);
    if (spec.shards.size() > kMaxRingPoints / static_cast<std::size_t>(spec.ring.points)) {
      root["ring"]["points"].Complain(
          std::to_string(spec.ring.points) + " for each of " + std::to_string(spec.shards.size()) +
          " shards make a ring of more than " + std::to_string(kMaxRingPoints) + " points");
    }
    if (const std::size_t bytes = EncodeSpec(spec).shards.size(); bytes > kMaxShardsBytes) {
      root["shards"].Complain(std::to_string(spec.shards.size()) + " shards make " +
                              std::to_string(bytes) + " bytes of JSON; ZooKeeper takes at most " +
                              std::to_string(kMaxShardsBytes));
      Error error = document->problems().ToError();
      error.code = ErrorCode::kTooLarge;
      return Fail(std::move(error));
    }
  }
  if (!document->problems().empty()) return Fail(document->problems().ToError());
  // Everything Validate knows should have been found above with its place; this is the safety net
  // for a rule that is newer than this reader.
  if (const auto valid = Validate(spec); !valid) {
    root.Complain(valid.error().message);
    Error error = document->problems().ToError();
    error.code = valid.error().code;
    return Fail(std::move(error));
  }
  return spec;
}

std::string FormatSpecYaml(const ClusterSpec& spec) {
  using yaml::FormatScalar;
  std::string out = "name: " + FormatScalar(spec.name) + "\n";
  if (spec.version != 0) out += "version: " + std::to_string(spec.version) + "\n";
  out += "ring:\n  type: " + std::string(RingTypeName(spec.ring.type)) + "\n";
  if (spec.ring.type == RingType::kKetama) {
    out += "  hash: " + std::string(RingHashName(spec.ring.hash)) + "\n";
  } else {
    out += "  points: " + std::to_string(spec.ring.points) + "\n";
  }
  out += std::string("failover: ") + (spec.failover ? "true" : "false") + "\n";
  if (spec.checkers) out += "checkers: " + std::to_string(*spec.checkers) + "\n";
  if (spec.quorum) out += "quorum: " + std::to_string(*spec.quorum) + "\n";
  if (spec.min_racks) out += "min_racks: " + std::to_string(*spec.min_racks) + "\n";
  if (spec.max_dead_fraction)
    out += "max_dead_fraction: " + FormatFraction(*spec.max_dead_fraction) + "\n";
  if (const auto settings = ProbeSettings(spec.probe); !settings.empty()) {
    out += "probe:\n";
    for (const Setting& setting : settings) {
      out += "  " + std::string(setting.key) + ": " + setting.value + "\n";
    }
  }
  if (spec.mirror_limit) out += "mirror_limit: " + std::to_string(*spec.mirror_limit) + "\n";
  out += "shards:\n";
  for (const ShardSpec& shard : spec.shards) {
    out += "  - {name: " + FormatScalar(shard.name) + ", addr: " + FormatScalar(shard.addr);
    out += (shard.weight == 1 ? "" : ", weight: " + std::to_string(shard.weight)) + "}\n";
  }
  return out;
}

std::string FormatSpecJson(const ClusterSpec& spec) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["name"] = spec.name;
  if (spec.version != 0) json["version"] = spec.version;
  json["ring"]["type"] = RingTypeName(spec.ring.type);
  if (spec.ring.type == RingType::kKetama) {
    json["ring"]["hash"] = RingHashName(spec.ring.hash);
  } else {
    json["ring"]["points"] = spec.ring.points;
  }
  json["failover"] = spec.failover;
  if (spec.checkers) json["checkers"] = *spec.checkers;
  if (spec.quorum) json["quorum"] = *spec.quorum;
  if (spec.min_racks) json["min_racks"] = *spec.min_racks;
  if (spec.max_dead_fraction) json["max_dead_fraction"] = *spec.max_dead_fraction;
  for (const Setting& setting : ProbeSettings(spec.probe)) {
    json["probe"][std::string(setting.key)] = setting.value;
  }
  if (spec.mirror_limit) json["mirror_limit"] = *spec.mirror_limit;
  json["shards"] = Json::array();
  for (const ShardSpec& shard : spec.shards) {
    Json row;
    row["name"] = shard.name;
    row["addr"] = shard.addr;
    if (shard.weight != 1) row["weight"] = shard.weight;
    json["shards"].push_back(std::move(row));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace zkcluster
