#include "tools/zkctl/cli/edits.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "model/limits.h"
#include "model/spec_check.h"
#include "text/address.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "tools/zkctl/report/render.h"
#include "yaml/suggest.h"

namespace zkcluster::zkctl {
namespace {

constexpr std::string_view kNone = "none";
// It has no option; only a file can set it.
constexpr std::string_view kOnlyInFiles = "mirror_limit";

std::vector<std::string_view> NamesOfGroup(std::string_view group) {
  std::vector<std::string_view> names;
  for (const Setting& setting : Settings()) {
    if (setting.group() == group) names.push_back(setting.name());
  }
  return names;
}

auto FindShard(std::vector<ShardSpec>& shards, const std::string& name) {
  return std::find_if(shards.begin(), shards.end(),
                      [&](const ShardSpec& shard) { return shard.name == name; });
}

std::string Quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

Error UnknownShard(const ClusterSpec& spec, const std::string& name, std::string_view verb) {
  std::vector<std::string_view> names;
  for (const ShardSpec& shard : spec.shards) names.push_back(shard.name);
  return {ErrorCode::kNotFound, "no shard " + Quoted(name) + " to " + std::string(verb) +
                                    NearestOf(name, names, "there are ")};
}

// "s1=10.0.0.1:6379"; the name may contain '='.
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

std::optional<int> ParseNumber(std::string_view digits) {
  int number = 0;
  const auto [end, rc] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (rc != std::errc() || end != digits.data() + digits.size() || number < 1) return std::nullopt;
  return number;
}

// "s1=2"; the name may contain '='.
Result<std::pair<std::string, int>> ParseWeight(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  const auto weight = ParseNumber(text.substr(equals == std::string_view::npos ? 0 : equals + 1));
  if (equals == std::string_view::npos || equals == 0 || !weight || *weight > kMaxWeight) {
    return Fail(ErrorCode::kInvalid, "expected a weight such as s1=2, 1 to " +
                                         std::to_string(kMaxWeight) + ", not " + Quoted(text));
  }
  return std::pair(std::string(text.substr(0, equals)), *weight);
}

Result<RingType> ParseRing(std::string_view text) {
  for (const RingType type : {RingType::kConsistent, RingType::kKetama}) {
    if (text == RingTypeName(type)) return type;
  }
  return Fail(ErrorCode::kInvalid, "expected consistent or ketama, not " + Quoted(text));
}

Result<RingHash> ParseHash(std::string_view text) {
  for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
    if (text == RingHashName(hash)) return hash;
  }
  return Fail(ErrorCode::kInvalid, "expected fnv1a_64 or md5, not " + Quoted(text));
}

Result<int> ParsePoints(std::string_view text) {
  const auto number = ParseNumber(text);
  if (number) return *number;
  return Fail(ErrorCode::kInvalid, "expected a number from 1 up, not " + Quoted(text));
}

Result<std::string> AsIs(std::string_view text) {
  return std::string(text);
}

// A value of the setting's type, or "none". Validate checks its range.
Result<SettingValue> ParseValue(const Setting& setting, std::string_view text) {
  if (text == kNone) return SettingValue();
  if (setting.holds<std::int64_t>()) {
    const auto number = ParseNumber(text);
    if (number) return SettingValue(std::int64_t{*number});
    return Fail(ErrorCode::kInvalid, "expected a number from 1 up, or none, not " + Quoted(text));
  }
  if (setting.holds<double>()) {
    const auto fraction = ParseFraction(text);
    if (fraction) return SettingValue(*fraction);
    return Fail(ErrorCode::kInvalid,
                "expected a fraction such as 0.5, at most 1, or none, not " + Quoted(text));
  }
  return ParseDuration(text).map([](Duration duration) { return SettingValue(duration); });
}

// "interval=500ms" or "interval=none", of the group "probe".
Result<SettingEdit> ParseGrouped(std::string_view group, std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const Setting* const setting = FindSetting(std::string(group) + "." + std::string(key));
  if (setting == nullptr) {
    return Fail(ErrorCode::kInvalid, "no " + std::string(group) + " setting " + Quoted(key) +
                                         DidYouMean(key, NamesOfGroup(group)));
  }
  if (equals == std::string_view::npos) {
    return Fail(ErrorCode::kInvalid,
                "expected a setting such as interval=500ms, not " + Quoted(text));
  }
  auto value = ParseValue(*setting, text.substr(equals + 1));
  if (!value) return Fail(value.error().Within(key));
  return SettingEdit{setting, *std::move(value)};
}

// "--min-racks" of min_racks.
std::string OptionName(const Setting& setting) {
  std::string name(setting.key);
  std::ranges::replace(name, '_', '-');
  return name;
}

void DeclareSwitch(OptionSet& set, const Setting& setting, SpecEdits& edits) {
  const auto turn = [&](std::string name, std::string help, bool on) {
    set.Add({{std::move(name), "", std::move(help)},
             true,
             [&setting, &edits, on](const std::string&) -> Result<void> {
               edits.settings.push_back({&setting, on});
               return {};
             }});
  };
  turn(OptionName(setting), std::string(setting.meaning), true);
  turn("no-" + OptionName(setting), "a dead shard has no stand-in", false);
}

// One option for all settings of a group: "--probe interval=1s".
void DeclareGroup(OptionSet& set, std::string_view group, SpecEdits& edits) {
  const auto names = NamesOfGroup(group);
  std::string help;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < names.size(); ++i) {
    help += (i == 0 ? "" : i + 1 < names.size() ? ", " : " or ") + std::string(names[i]);
    words.push_back(std::string(names[i]) + "=");
  }
  set.Values({std::string(group), "KEY=DURATION", std::move(help), Completion(std::move(words))},
             edits.settings, [group](std::string_view text) { return ParseGrouped(group, text); });
}

void DeclareSettings(OptionSet& set, SpecEdits& edits) {
  std::string_view group;
  for (const Setting& setting : Settings()) {
    if (!setting.group().empty()) {
      if (setting.group() != group) DeclareGroup(set, setting.group(), edits);
    } else if (setting.holds<bool>()) {
      DeclareSwitch(set, setting, edits);
    } else if (setting.key != kOnlyInFiles) {
      const auto parse = [&setting](std::string_view text) {
        return ParseValue(setting, text).map([&setting](const SettingValue& value) {
          return SettingEdit{&setting, value};
        });
      };
      OptionSet one;
      one.Values({OptionName(setting),
                  setting.holds<double>() ? "F" : "N|none",
                  std::string(setting.meaning),
                  {"none"}},
                 edits.settings, parse);
      OptionSet::Entry entry = one.entries().front();
      entry.repeatable = false;
      set.Add(std::move(entry));
    }
    group = setting.group();
  }
}

}  // namespace

void DeclareEdits(OptionSet& set, SpecEdits& edits, bool of_new) {
  if (of_new) {
    set.Values({"shard", "NAME=ADDR", "a shard of the new cluster"}, edits.add_shards, ParseShard);
  } else {
    set.Values({"add-shard", "NAME=ADDR", "a shard to add at the end of the list"},
               edits.add_shards, ParseShard);
    set.Values({"remove-shard", "NAME", "a shard to remove", Completion::Kind::kShards},
               edits.remove_shards, AsIs);
    set.Values(
        {"set-addr", "NAME=ADDR", "a new address for a shard", Completion::Kind::kShardsAndEquals},
        edits.set_addresses, ParseShard);
  }
  set.Values(
      {"weight", "NAME=N", "a shard's weight on a ketama ring", Completion::Kind::kShardsAndEquals},
      edits.weights, ParseWeight);
  set.Value({"ring", "TYPE", "consistent or ketama", {"consistent", "ketama"}}, edits.ring,
            ParseRing);
  set.Value({"points", "N", "points per shard on a consistent ring"}, edits.points, ParsePoints);
  set.Value({"hash", "HASH", "of keys on a ketama ring: fnv1a_64 or md5", {"fnv1a_64", "md5"}},
            edits.hash, ParseHash);
  DeclareSettings(set, edits);
}

Result<void> CheckEdits(const SpecEdits& edits) {
  for (const SettingEdit& edit : edits.settings) {
    const SettingEdit opposite{edit.setting, false};
    if (edit.value != SettingValue(true) ||
        std::ranges::find(edits.settings, opposite) == edits.settings.end()) {
      continue;
    }
    const std::string name = OptionName(*edit.setting);
    return Fail(ErrorCode::kInvalid, "--" + name + " and --no-" + name + " contradict each other");
  }
  return {};
}

namespace {

// A setting that the ring's type lacks may only be given its fixed value.
Result<void> EditRing(const SpecEdits& edits, RingSpec& ring) {
  const auto refuse = [](std::string_view key, std::string_view why) {
    return Fail(ErrorCode::kInvalid, std::string(key) + ": " + std::string(why));
  };
  auto* const consistent = std::get_if<ConsistentRing>(&ring);
  auto* const ketama = std::get_if<KetamaRing>(&ring);
  if (edits.points && consistent) consistent->points = *edits.points;
  if (edits.points && !consistent && *edits.points != kKetamaPoints) {
    return refuse("ring.points", kKetamaHasNoPoints);
  }
  if (edits.hash && ketama) ketama->hash = *edits.hash;
  if (edits.hash && !ketama && *edits.hash != KetamaRing{}.hash) {
    return refuse("ring.hash", kOnlyKetamaHasHash);
  }
  return {};
}

}  // namespace

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
                      " exists already; --set-addr moves it to another address");
    }
    spec.shards.push_back(shard);
  }
  if (edits.ring && *edits.ring != RingTypeOf(spec.ring)) {
    spec.ring = *edits.ring == RingType::kKetama ? RingSpec(KetamaRing{}) : ConsistentRing{};
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
  if (const auto changed = EditRing(edits, spec.ring); !changed) return Fail(changed.error());
  for (const SettingEdit& edit : edits.settings) SetSetting(spec, *edit.setting, edit.value);
  return spec;
}

Result<ClusterSpec> RenameShard(ClusterSpec spec, const std::string& from, const std::string& to) {
  const auto found = FindShard(spec.shards, from);
  if (found == spec.shards.end()) return Fail(UnknownShard(spec, from, "rename"));
  if (FindShard(spec.shards, to) != spec.shards.end()) {
    return Fail(ErrorCode::kExists, "shard " + Quoted(to) + " exists already");
  }
  found->name = to;
  return spec;
}

}  // namespace zkcluster::zkctl
