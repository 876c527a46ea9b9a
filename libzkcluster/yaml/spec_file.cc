#include "yaml/spec_file.h"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/overloaded.h"
#include "model/limits.h"
#include "model/paths.h"
#include "model/settings.h"
#include "model/spec_check.h"
#include "yaml/reader.h"
#include "yaml/scalar.h"

namespace zkcluster {
namespace {

using yaml::Value;

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

RingSpec ReadRing(const Value& value) {
  if (!value.ExpectMap({"type", "points", "hash"})) return {};
  const auto type =
      value["type"].Choice({RingTypeName(RingType::kConsistent), RingTypeName(RingType::kKetama)});
  const Value points = value["points"];
  const Value hash = value["hash"];
  if (type == 1u) {
    if (points.present()) points.Complain(kKetamaHasNoPoints);
    const auto chosen =
        hash.Choice({RingHashName(RingHash::kFnv1a64), RingHashName(RingHash::kMd5)});
    return KetamaRing{chosen == 1u ? RingHash::kMd5 : RingHash::kFnv1a64};
  }
  if (hash.present()) hash.Complain(kOnlyKetamaHasHash);
  ConsistentRing ring;
  if (const auto count = points.Integer(1, kMaxPointsPerShard)) {
    ring.points = static_cast<int>(*count);
  }
  return ring;
}

// The value that a key such as "probe.interval" or "ring.points" leads to.
Value Find(const Value& root, std::string_view key) {
  const std::size_t point = key.find('.');
  if (point == std::string_view::npos) return root[key];
  return root[key.substr(0, point)][key.substr(point + 1)];
}

SettingValue ReadSetting(const Value& value, const Setting& setting) {
  SettingValue setting_value;
  const auto take = [&](const auto& read) {
    if (read) setting_value = *read;
  };
  std::visit(
      Overloaded{
          [](std::monostate) {},
          [&](bool) { take(value.Boolean()); },
          [&](std::int64_t least) {
            take(value.Integer(least, std::get<std::int64_t>(setting.most)));
          },
          [&](double) { take(value.Fraction()); },
          [&](Duration least) { take(value.GetDuration(least, std::get<Duration>(setting.most))); },
          [&](OutlierVotes) {
            const auto word = value.Choice(
                {OutlierVotesName(OutlierVotes::kCount), OutlierVotesName(OutlierVotes::kIgnore)});
            if (!word) return;
            setting_value = *word == 0 ? OutlierVotes::kCount : OutlierVotes::kIgnore;
          },
      },
      setting.least);
  return setting_value;
}

// A setting that the file leaves out keeps its default.
void ReadSettings(const Value& root, ClusterSpec& spec) {
  std::map<std::string_view, std::vector<std::string_view>> groups;
  for (const Setting& setting : Settings()) {
    if (!setting.group().empty()) groups[setting.group()].push_back(setting.name());
  }
  for (const auto& [group, names] : groups) (void)root[group].ExpectMap(names);
  for (const Setting& setting : Settings()) {
    const SettingValue value = ReadSetting(Find(root, setting.key), setting);
    if (value.index() != 0) SetSetting(spec, setting, value);
  }
}

// CheckSpec checks the rules.
ShardSpec ReadShard(const Value& item) {
  ShardSpec shard;
  const auto text = [&](const char* key) {
    const Value value = item[key];
    if (!value.present()) value.Complain("missing");
    return value.String().value_or("");
  };
  shard.name = text("name");
  shard.addr = text("addr");
  if (const auto number = item["weight"].Integer(1, kMaxWeight)) {
    shard.weight = static_cast<int>(*number);
  }
  return shard;
}

// Where each shard is in the file, in the order of the spec's list.
std::vector<Value> ReadShards(const Value& value, std::vector<ShardSpec>& shards) {
  if (!value.present()) value.Complain("missing: a cluster has at least one shard");
  std::vector<Value> places;
  for (const Value& item : value.Items()) {
    if (!item.present()) {
      item.Complain("expected a shard such as {name: s1, addr: 10.0.0.1:6379}");
      continue;
    }
    if (!item.ExpectMap({"name", "addr", "weight"})) continue;
    shards.push_back(ReadShard(item));
    places.push_back(item);
  }
  return places;
}

// Shows each problem at its place, unless the value there could not be read at all.
void Place(const SpecProblems& problems, const Value& root, const std::vector<Value>& shards) {
  const Value list = root["shards"];
  const bool all_unreadable = shards.empty() && list.IsList() && !list.Items().empty();
  for (const SpecProblem& problem : problems.found()) {
    const Value value =
        problem.shard ? shards[*problem.shard][problem.key] : Find(root, problem.key);
    if (value.complained() || (all_unreadable && problem.key == "shards")) continue;
    std::string what = problem.what;
    if (problem.earlier) {
      const Value earlier = shards[*problem.earlier][problem.key];
      what += "; it is in line " + std::to_string(earlier.line()) + " already";
    }
    value.Complain(what);
  }
}

std::vector<std::string_view> KeysOfFile() {
  std::vector<std::string_view> keys = {"name", "version", "ring"};
  for (const Setting& setting : Settings()) {
    const std::string_view key = setting.group().empty() ? setting.key : setting.group();
    if (keys.back() != key) keys.push_back(key);
  }
  keys.emplace_back("shards");
  return keys;
}

}  // namespace

Result<ValidSpec> ReadSpecFile(std::string file, std::string_view text, std::string_view name) {
  auto document = yaml::Document::Parse(std::move(file), text);
  if (!document) return Fail(document.error());
  const Value root = document->root();
  if (!root.present()) root.Complain("empty: expected at least name and shards");
  if (!root.ExpectMap(KeysOfFile())) return Fail(document->problems().ToError());

  ClusterSpec spec;
  ReadName(root["name"], name, spec);
  constexpr auto kMax = static_cast<std::int64_t>(kMaxSpecVersion);
  spec.version = static_cast<std::uint64_t>(root["version"].Integer(0, kMax).value_or(0));
  spec.ring = ReadRing(root["ring"]);
  ReadSettings(root, spec);
  const std::vector<Value> shards = ReadShards(root["shards"], spec.shards);

  SpecProblems problems;
  auto valid = ValidSpec::Make(spec, problems);
  Place(problems, root, shards);
  if (valid && document->problems().empty()) return *std::move(valid);
  Error error = document->problems().ToError();
  if (problems.too_large()) error.code = ErrorCode::kTooLarge;
  return Fail(std::move(error));
}

Result<ClusterSpec> ParseSpecFile(std::string file, std::string_view text, std::string_view name) {
  auto valid = ReadSpecFile(std::move(file), text, name);
  if (!valid) return Fail(valid.error());
  return valid->spec();
}

std::string FormatSpecYaml(const ClusterSpec& spec) {
  using yaml::FormatScalar;
  std::string out = "name: " + FormatScalar(spec.name) + "\n";
  if (spec.version != 0) out += "version: " + std::to_string(spec.version) + "\n";
  out += "ring:\n";
  for (const RingSetting& setting : RingSettings(spec.ring)) {
    out += "  " + std::string(setting.key) + ": " + setting.text() + "\n";
  }
  std::string_view group;
  for (const Setting& setting : Settings()) {
    const SettingValue value = GetSetting(spec, setting);
    if (value.index() == 0) continue;
    if (setting.group() != group && !setting.group().empty()) {
      out += std::string(setting.group()) + ":\n";
    }
    group = setting.group();
    out += (group.empty() ? "" : "  ") + std::string(setting.name()) + ": " + FormatSetting(value) +
           "\n";
  }
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
  for (const RingSetting& setting : RingSettings(spec.ring)) {
    std::visit([&](const auto& value) { json["ring"][std::string(setting.key)] = value; },
               setting.value);
  }
  for (const Setting& setting : Settings()) {
    const SettingValue value = GetSetting(spec, setting);
    if (value.index() == 0) continue;
    Json& parent = setting.group().empty() ? json : json[std::string(setting.group())];
    std::visit(
        Overloaded{
            [](std::monostate) {},
            [&](Duration) { parent[std::string(setting.name())] = FormatSetting(value); },
            [&](OutlierVotes) { parent[std::string(setting.name())] = FormatSetting(value); },
            [&](auto shown) { parent[std::string(setting.name())] = shown; },
        },
        value);
  }
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
