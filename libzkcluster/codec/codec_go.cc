#include <algorithm>
#include <charconv>
#include <cstddef>
#include <numeric>

#include "codec/codec.h"
#include "codec/json.h"
#include "text/duration.h"
#include "text/fraction.h"

namespace zkcluster {
namespace {

constexpr auto kGoKeys = JsonFields::Keys::kIgnoreCase;

struct ProbeKey {
  std::string_view key;
  std::optional<Duration> ProbeSpec::*field;
};
constexpr ProbeKey kProbeKeys[] = {
    {"Interval", &ProbeSpec::interval},
    {"Timeout", &ProbeSpec::timeout},
    {"Threshold", &ProbeSpec::threshold},
    {"RefusedThreshold", &ProbeSpec::refused_threshold},
    {"FastInterval", &ProbeSpec::fast_interval},
};

// {"FailoverEnabled":true,"RingType":"consistent","RingParams":"160","Checkers":3,"Quorum":2,
//  "MinRacks":2,"MaxDeadFraction":"0.5","Probe":{"Interval":"1s",...},"MirrorLimit":65536}
// From Checkers on, only what is set. The other ring: "RingType":"ketama","RingParams":"fnv1a_64".
std::string EncodeOptions(const ClusterSpec& spec) {
  JsonWriter json;
  json.Open('{').Key("FailoverEnabled").Bool(spec.failover);
  // The hash stands where the Go library's own manager keeps it: lost, it would move all keys. A Go
  // client knows no ring of this type.
  json.Key("RingType").Text(RingTypeName(spec.ring.type)).Key("RingParams");
  if (spec.ring.type == RingType::kKetama) {
    json.Text(RingHashName(spec.ring.hash));
  } else {
    json.Text(std::to_string(spec.ring.points));
  }
  if (spec.checkers) json.Key("Checkers").Number(*spec.checkers);
  if (spec.quorum) json.Key("Quorum").Number(*spec.quorum);
  if (spec.min_racks) json.Key("MinRacks").Number(*spec.min_racks);
  if (spec.max_dead_fraction) {
    json.Key("MaxDeadFraction").Text(FormatFraction(*spec.max_dead_fraction));
  }
  if (spec.probe != ProbeSpec{}) {
    json.Key("Probe").Open('{');
    for (const auto& [key, field] : kProbeKeys) {
      if (const auto& value = spec.probe.*field) json.Key(key).Text(FormatDuration(*value));
    }
    json.Close('}');
  }
  if (spec.mirror_limit) json.Key("MirrorLimit").Number(*spec.mirror_limit);
  json.Close('}');
  return json.Take();
}

// [{"Name":"s1","Addr":"10.0.0.1:6379"},...], with "Weight":2 where it is not 1.
std::string EncodeShards(const std::vector<ShardSpec>& shards) {
  JsonWriter json;
  json.Open('[');
  for (const ShardSpec& shard : shards) {
    json.Open('{').Key("Name").Text(shard.name).Key("Addr").Text(shard.addr);
    if (shard.weight != 1) json.Key("Weight").Number(shard.weight);
    json.Close('}');
  }
  json.Close(']');
  return json.Take();
}

// As Go's strconv.Atoi; nothing where that fails.
std::optional<std::int64_t> Atoi(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// `name` in any case.
bool IsSpelled(std::string_view text, std::string_view name) {
  return std::ranges::equal(text, name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

Result<std::uint64_t> DecodeVersion(std::string_view payload) {
  std::int64_t version = 0;
  const char* const end = payload.data() + payload.size();
  const auto [stop, error] = std::from_chars(payload.data(), end, version);
  if (error != std::errc() || stop != end || version < 0) {
    return Fail(ErrorCode::kBadData, "expected decimal microseconds");
  }
  return static_cast<std::uint64_t>(version);
}

// Weights are read for the ring that knows them; for the other they are ignored, as Go does.
Result<std::vector<ShardSpec>> DecodeShards(std::string_view payload, RingType ring) {
  const auto json = ParseJson(payload);
  if (!json) return Fail(json.error());
  std::vector<ShardSpec> shards;
  if (json->is_null()) return shards;
  if (!json->is_array()) return Fail(ErrorCode::kBadData, "expected a list");
  JsonProblem problem;
  shards.reserve(json->size());
  for (const Json& entry : *json) {
    const JsonFields fields(entry, "row " + std::to_string(shards.size()), problem, kGoKeys);
    ShardSpec shard{fields.Text("Name"), fields.Text("Addr")};
    if (ring == RingType::kKetama) {
      shard.weight = static_cast<int>(fields.Integer("Weight", kIntMax, 1));
    }
    shards.push_back(std::move(shard));
    if (problem.found()) return problem.failure();
  }
  return shards;
}

std::optional<int> OptionalInt(const JsonFields& fields, std::string_view key) {
  if (fields.Find(key) == nullptr) return std::nullopt;
  return static_cast<int>(fields.Integer(key, kIntMax));
}

// Where RingParams is no number the Go library takes the number of shards, which is not known here.
constexpr int kPointsLikeShards = 0;

RingSpec DecodeRing(const JsonFields& fields, JsonProblem& problem) {
  RingSpec ring;
  const std::string type = fields.Text("RingType");
  const std::string params = fields.Text("RingParams", "");
  if (IsSpelled(type, RingTypeName(RingType::kKetama))) {
    ring.type = RingType::kKetama;
    for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
      if (!IsSpelled(params, RingHashName(hash))) continue;
      ring.hash = hash;
      return ring;
    }
    problem.Add("RingParams", "expected fnv1a_64 or md5");
    return ring;
  }
  if (!IsSpelled(type, RingTypeName(RingType::kConsistent))) {
    problem.Add("RingType", "expected consistent or ketama");
  }
  const auto wanted = Atoi(params);
  if (wanted && (*wanted < 1 || *wanted > kIntMax)) {
    problem.Add("RingParams", "expected at least 1 point per shard");
  }
  ring.points = wanted ? static_cast<int>(*wanted) : kPointsLikeShards;
  return ring;
}

// What is absent has Go's zero value, as it has for Go clients.
Result<void> DecodeOptions(std::string_view payload, ClusterSpec& spec) {
  const auto json = ParseJson(payload);
  if (!json) return Fail(json.error());
  JsonProblem problem;
  const JsonFields fields(*json, "", problem, kGoKeys);
  spec.failover = fields.Bool("FailoverEnabled", false);
  spec.ring = DecodeRing(fields, problem);
  spec.checkers = OptionalInt(fields, "Checkers");
  spec.quorum = OptionalInt(fields, "Quorum");
  spec.min_racks = OptionalInt(fields, "MinRacks");
  if (fields.Find("MaxDeadFraction") != nullptr) {
    const auto fraction = ParseFraction(fields.Text("MaxDeadFraction"));
    if (!fraction) problem.Add("MaxDeadFraction", fraction.error().message);
    spec.max_dead_fraction = fraction.value_or(1);
  }
  if (const Json* const probe = fields.Object("Probe", false)) {
    const JsonFields probe_fields(*probe, "Probe", problem, kGoKeys);
    for (const auto& [key, field] : kProbeKeys) {
      if (probe_fields.Find(key) == nullptr) continue;
      const auto duration = ParseDuration(probe_fields.Text(key));
      if (!duration) problem.Add(probe_fields.Where(key), duration.error().message);
      spec.probe.*field = duration.value_or(Duration::zero());
    }
  }
  if (fields.Find("MirrorLimit") != nullptr) {
    spec.mirror_limit = static_cast<std::size_t>(fields.Integer("MirrorLimit"));
  }
  if (problem.found()) return problem.failure();
  return {};
}

}  // namespace

SpecPayloads EncodeSpec(const ClusterSpec& spec) {
  return {std::to_string(spec.version), EncodeShards(spec.shards), EncodeOptions(spec)};
}

Result<ClusterSpec> DecodeSpec(std::string_view name, const SpecPayloads& payloads) {
  ClusterSpec spec;
  spec.name = name;
  const auto version = DecodeVersion(payloads.version);
  if (!version) return Fail(version.error().Within("version"));
  spec.version = *version;
  if (const auto options = DecodeOptions(payloads.options, spec); !options) {
    return Fail(options.error().Within("options"));
  }
  auto shards = DecodeShards(payloads.shards, spec.ring.type);
  if (!shards) return Fail(shards.error().Within("shards"));
  spec.shards = *std::move(shards);
  if (spec.ring.points == kPointsLikeShards) {
    spec.ring.points = static_cast<int>(spec.shards.size());
  }
  if (const auto valid = Validate(spec); !valid) {
    return Fail(ErrorCode::kBadData, valid.error().message);
  }
  return spec;
}

// {"10.0.0.1:6379":{"Addr":"10.0.0.1:6379","Alive":true,"Since":1795224346402646},...}, sorted by
// the bytes of the address.
std::string EncodeMirror(const std::vector<ShardSpec>& shards, const StatusBoard& board) {
  std::vector<std::size_t> order(std::min(shards.size(), board.shards.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::string_view(shards[i].addr); });
  JsonWriter json;
  json.Open('{');
  for (const std::size_t i : order) {
    const ShardState& state = board.shards[i];
    if (state.status == ShardStatus::kUnknown) continue;
    json.Key(shards[i].addr).Open('{').Key("Addr").Text(shards[i].addr);
    json.Key("Alive").Bool(state.status == ShardStatus::kAlive);
    json.Key("Since").Number(state.since.count()).Close('}');
  }
  json.Close('}');
  return json.Take();
}

std::size_t LeastMirrorBytes(const std::vector<ShardSpec>& shards, const StatusBoard& board) {
  constexpr std::string_view kLeast = R"("":{"Addr":"","Alive":true,"Since":0},)";
  std::size_t bytes = 1;  // two brackets, and one comma less than entries
  for (std::size_t i = 0; i < std::min(shards.size(), board.shards.size()); ++i) {
    if (board.shards[i].status == ShardStatus::kUnknown) continue;
    bytes += kLeast.size() + 2 * shards[i].addr.size();
  }
  return bytes;
}

Result<Mirror> DecodeMirror(std::string_view payload) {
  const auto json = ParseJson(payload);
  if (!json) return Fail(json.error());
  Mirror mirror;
  if (json->is_null()) return mirror;
  JsonProblem problem;
  const auto* const object = json->get_ptr<const Json::object_t*>();
  if (object == nullptr) return Fail(ErrorCode::kBadData, "expected an object");
  for (const auto& [addr, value] : *object) {
    // Go decodes null into its zero value: dead since 0, which nobody ever decided.
    if (value.is_null()) continue;
    const JsonFields fields(value, addr, problem, kGoKeys);
    const bool alive = fields.Bool("Alive", false);
    mirror.emplace(addr, MirrorEntry{alive, Micros(fields.Integer("Since", kLatestMicros, 0))});
    if (problem.found()) return problem.failure();
  }
  return mirror;
}

}  // namespace zkcluster
