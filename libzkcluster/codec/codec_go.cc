#include <algorithm>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/join.h"
#include "base/overloaded.h"
#include "codec/codec.h"
#include "codec/codec_fields.h"
#include "codec/json.h"
#include "model/settings.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "text/utf8.h"

namespace zkcluster {
namespace {

constexpr auto kGoKeys = JsonFields::Keys::kIgnoreCase;

// The hash is in RingParams, where the Go library's own manager keeps the points: if it got lost
// there, all keys would move. A Go client knows no ring of this type.
void EncodeRing(const RingSpec& ring, JsonWriter& json) {
  json.Key("RingType").Text(RingTypeName(RingTypeOf(ring))).Key("RingParams");
  std::visit(
      Overloaded{
          [&](const ConsistentRing& consistent) { json.Text(std::to_string(consistent.points)); },
          [&](const KetamaRing& ketama) { json.Text(RingHashName(ketama.hash)); },
      },
      ring);
}

}  // namespace

// {"FailoverEnabled":true,"RingType":"consistent","RingParams":"160","Checkers":3,"Quorum":2,
//  "MinRacks":2,"MaxDeadFraction":"0.5","Probe":{"Interval":"1s",...},"MirrorLimit":65536,
//  "OutlierVotes":"ignore"}
// From Checkers on, only what is set. The other ring: "RingType":"ketama","RingParams":"fnv1a_64".
// A later version also writes "Needs":["word",...], one word for each thing in this spec that a
// reader without it would get wrong.
std::string EncodeOptions(const ClusterSpec& spec) {
  JsonWriter json;
  json.Open('{');
  std::string_view group;
  for (const Setting& setting : Settings()) {
    const SettingValue value = GetSetting(spec, setting);
    if (value.index() == 0) continue;
    if (setting.wire_group() != group) {
      if (!group.empty()) json.Close('}');
      group = setting.wire_group();
      if (!group.empty()) json.Key(group).Open('{');
    }
    json.Key(setting.wire_name());
    std::visit(Overloaded{
                   [](std::monostate) {},
                   [&](bool on) { json.Bool(on); },
                   [&](std::int64_t number) { json.Number(number); },
                   [&](const auto&) { json.Text(FormatSetting(value)); },
               },
               value);
    if (setting.key == "failover") EncodeRing(spec.ring, json);  // where Go has it
  }
  if (!group.empty()) json.Close('}');
  json.Close('}');
  return json.Take();
}

namespace {

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

// Compares ignoring case.
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

}  // namespace

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

namespace {

// Where RingParams is no number the Go library takes the number of shards, which is not known here.
constexpr int kPointsLikeShards = 0;

RingSpec DecodeRing(const JsonFields& fields, JsonProblem& problem) {
  const std::string type = fields.Text("RingType");
  const std::string params = fields.Text("RingParams", "");
  if (IsSpelled(type, RingTypeName(RingType::kKetama))) {
    for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
      if (IsSpelled(params, RingHashName(hash))) return KetamaRing{hash};
    }
    problem.Add("RingParams", "expected fnv1a_64 or md5");
    return KetamaRing{};
  }
  if (!IsSpelled(type, RingTypeName(RingType::kConsistent))) {
    problem.Add("RingType", "expected consistent or ketama");
  }
  const auto wanted = Atoi(params);
  if (wanted && (*wanted < 1 || *wanted > kIntMax)) {
    problem.Add("RingParams", "expected at least 1 point per shard");
  }
  return ConsistentRing{wanted ? static_cast<int>(*wanted) : kPointsLikeShards};
}

// The parsed text; if `parse` fails, a harmless value and a problem.
template <class T>
T Parsed(const JsonFields& fields, std::string_view key, JsonProblem& problem,
         Result<T> (*parse)(std::string_view), T otherwise) {
  const auto value = parse(fields.Text(key));
  if (!value) problem.Add(fields.Where(key), value.error().message);
  return value.value_or(otherwise);
}

// Validate checks the range.
SettingValue DecodeSetting(const JsonFields& fields, const Setting& setting, JsonProblem& problem) {
  const std::string_view key = setting.wire_name();
  if (setting.holds<bool>()) return fields.Bool(key, false);
  if (fields.Find(key) == nullptr) return {};
  if (setting.holds<std::int64_t>()) return fields.Integer(key, kIntMax);
  if (setting.holds<double>()) return Parsed(fields, key, problem, ParseFraction, 1.0);
  if (setting.holds<OutlierVotes>()) {
    return Parsed(fields, key, problem, ParseOutlierVotes, OutlierVotes::kCount);
  }
  return Parsed(fields, key, problem, ParseDuration, Duration::zero());
}

std::vector<std::string> ReadUnknownNeeds(const JsonFields& options, JsonProblem& problem) {
  std::vector<std::string> unknown;
  const Json* const needs = options.Array("Needs", false);
  if (needs == nullptr) return unknown;
  for (const Json& word : *needs) {
    unknown.push_back(ReadText(word, options.Where("Needs"), problem));
  }
  return unknown;
}

}  // namespace

// An absent key has Go's zero value, as Go clients read it.
Result<void> DecodeOptions(std::string_view payload, ClusterSpec& spec) {
  const auto json = ParseJson(payload);
  if (!json) return Fail(json.error());
  JsonProblem problem;
  const JsonFields fields(*json, "", problem, kGoKeys);
  // Checked first: the rest may be something that this build cannot read.
  if (const auto needs = ReadUnknownNeeds(fields, problem); !needs.empty() && !problem.found()) {
    return Fail(ErrorCode::kBadData,
                "made for a newer zkcluster: it needs " + OneLine(Join(needs, ", ")));
  }
  spec.ring = DecodeRing(fields, problem);
  for (const Setting& setting : Settings()) {
    const std::string_view group = setting.wire_group();
    if (group.empty()) {
      SetSetting(spec, setting, DecodeSetting(fields, setting, problem));
    } else if (const Json* const inner = fields.Object(group, false)) {
      const JsonFields inner_fields(*inner, std::string(group), problem, kGoKeys);
      SetSetting(spec, setting, DecodeSetting(inner_fields, setting, problem));
    }
  }
  if (problem.found()) return problem.failure();
  return {};
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

std::vector<std::string> UnknownNeeds(std::string_view options) {
  const auto json = ParseJson(options);
  if (!json) return {};
  JsonProblem problem;
  auto needs = ReadUnknownNeeds(JsonFields(*json, "", problem, kGoKeys), problem);
  return problem.found() ? std::vector<std::string>() : needs;
}

SpecPayloads EncodeSpec(const ClusterSpec& spec) {
  return EncodeSpec(spec, EncodeShards(spec.shards));
}

SpecPayloads EncodeSpec(const ClusterSpec& spec, std::string shards) {
  return {std::to_string(spec.version), std::move(shards), EncodeOptions(spec)};
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
  auto shards = DecodeShards(payloads.shards, RingTypeOf(spec.ring));
  if (!shards) return Fail(shards.error().Within("shards"));
  spec.shards = *std::move(shards);
  auto* const consistent = std::get_if<ConsistentRing>(&spec.ring);
  if (consistent && consistent->points == kPointsLikeShards) {
    consistent->points = static_cast<int>(spec.shards.size());
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
  std::size_t bytes = 1;  // two brackets, and one comma fewer than entries
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
    // Go decodes null as dead since 0, which no checker ever decided.
    if (value.is_null()) continue;
    const JsonFields fields(value, addr, problem, kGoKeys);
    const bool alive = fields.Bool("Alive", false);
    mirror.emplace(addr, MirrorEntry{alive, Micros(fields.Integer("Since", kLatestMicros, 0))});
    if (problem.found()) return problem.failure();
  }
  return mirror;
}

}  // namespace zkcluster
