// The one table of a spec's settings: everything of a ClusterSpec but its name, version, ring
// (whose settings go by its type, see below) and shards. A row has a setting's name in a spec file
// and in the Go form, the member that holds it, the values that it takes, and what it is for. The
// codec, the YAML and JSON forms, Validate, SpecDiff, and zkctl's options and doctor all walk this
// table: a new setting is a member of ClusterSpec and a row here. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zkcluster {

// The first alternative means that the setting is not set. A setting has one type for ever.
using SettingValue =
    std::variant<std::monostate, bool, std::int64_t, double, Duration, OutlierVotes>;

struct Setting {
  using Member =
      std::variant<bool ClusterSpec::*, std::optional<int> ClusterSpec::*,
                   std::optional<double> ClusterSpec::*, std::optional<std::size_t> ClusterSpec::*,
                   std::optional<Duration> ProbeSpec::*,
                   std::optional<OutlierVotes> ClusterSpec::*>;

  std::string_view key;       // in a spec file: "checkers", "probe.interval"
  std::string_view wire_key;  // in the znode `options`: "Checkers", "Probe.Interval"
  Member member;
  SettingValue least;  // both of the setting's type, and both allowed
  SettingValue most;
  std::string_view meaning;  // for zkctl --help

  template <class T>
  [[nodiscard]] bool holds() const {
    return std::holds_alternative<T>(least);
  }
  // "probe" of "probe.interval"; empty for a setting that is in no group.
  [[nodiscard]] std::string_view group() const;
  [[nodiscard]] std::string_view wire_group() const;
  // The key within its group: "interval".
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::string_view wire_name() const;
};

// In the order of a spec file, which is that of the wire form too. A group's rows are neighbours.
[[nodiscard]] std::span<const Setting> Settings();
// By its key in a spec file. Null: there is none.
[[nodiscard]] const Setting* FindSetting(std::string_view key);

[[nodiscard]] SettingValue GetSetting(const ClusterSpec& spec, const Setting& setting);
// REQUIRES: `value` is of the setting's type, or not set. A switch that is not set is false, as in
// Go. A number is kept even where it is out of range, but has to fit its member.
void SetSetting(ClusterSpec& spec, const Setting& setting, const SettingValue& value);

// The words that a setting of words takes. Errors: kInvalid.
[[nodiscard]] Result<OutlierVotes> ParseOutlierVotes(std::string_view text);

// As people write it: "true", "3", "0.5", "500ms", "ignore"; "-" when it is not set.
[[nodiscard]] std::string FormatSetting(const SettingValue& value);
// Why the setting cannot have this value; empty: it can.
[[nodiscard]] std::string ProblemOfSetting(const Setting& setting, const SettingValue& value);

// A setting of a ring as a spec file has it below `ring`: "type", "points", "hash".
struct RingSetting {
  std::string_view key;
  std::variant<std::string_view, int> value;
  [[nodiscard]] std::string text() const;
};
// The type, and only the settings of that type.
[[nodiscard]] std::vector<RingSetting> RingSettings(const RingSpec& ring);

}  // namespace zkcluster
