#include "model/settings.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/check.h"
#include "base/overloaded.h"
#include "model/limits.h"
#include "text/complaint.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "text/utf8.h"

namespace zkcluster {
namespace {

constexpr SettingValue Whole(std::int64_t number) {
  return number;
}

const std::array kSettings = {
    Setting{"failover", "FailoverEnabled", &ClusterSpec::failover, false, true,
            "other shards stand in for a dead one"},
    Setting{"checkers", "Checkers", &ClusterSpec::checkers, Whole(1), Whole(kMaxCheckers),
            "size of the electorate"},
    Setting{"quorum", "Quorum", &ClusterSpec::quorum, Whole(1), Whole(kMaxCheckers),
            "votes needed"},
    Setting{"min_racks", "MinRacks", &ClusterSpec::min_racks, Whole(1), Whole(kMaxCheckers),
            "a death needs dead votes from checkers of this many racks"},
    Setting{"max_dead_fraction", "MaxDeadFraction", &ClusterSpec::max_dead_fraction, kMinFraction,
            1.0, "freeze when more of the shards would be dead, such as 0.5; or none"},
    Setting{"probe.interval", "Probe.Interval", &ProbeSpec::interval, kMinProbeTime, kMaxProbeTime,
            "between probes of one shard"},
    Setting{"probe.timeout", "Probe.Timeout", &ProbeSpec::timeout, kMinProbeTime, kMaxProbeTimeout,
            "of one probe"},
    Setting{"probe.threshold", "Probe.Threshold", &ProbeSpec::threshold, kMinProbeTime,
            kMaxProbeTime, "without a success, then dead"},
    Setting{"probe.refused_threshold", "Probe.RefusedThreshold", &ProbeSpec::refused_threshold,
            kMinProbeTime, kMaxProbeTime, "the same when every failure was a refusal"},
    Setting{"probe.fast_interval", "Probe.FastInterval", &ProbeSpec::fast_interval, kMinProbeTime,
            kMaxProbeTime, "between probes after a failure"},
    Setting{"mirror_limit", "MirrorLimit", &ClusterSpec::mirror_limit, Whole(0),
            Whole(std::int64_t{kMaxShardsBytes}), "bytes up to which the Go mirror is kept"},
    // A checker that does not know it counts every ballot. That is safe, as no flip gets fewer votes
    // than the quorum, so this key is not one of "Needs": programs of any version can read the spec.
    Setting{"outlier_votes", "OutlierVotes", &ClusterSpec::outlier_votes, OutlierVotes::kCount,
            OutlierVotes::kIgnore,
            "a ballot that alone calls many living shards dead: count or ignore"},
};

std::string_view GroupOf(std::string_view key) {
  const std::size_t point = key.find('.');
  return point == std::string_view::npos ? std::string_view() : key.substr(0, point);
}

std::string_view NameOf(std::string_view key) {
  const std::size_t point = key.find('.');
  return point == std::string_view::npos ? key : key.substr(point + 1);
}

// The settings' own types are wider than some members.
template <class T>
using Stored =
    std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, std::int64_t, T>;

template <class T>
SettingValue Shown(const std::optional<T>& member) {
  return member ? SettingValue(static_cast<Stored<T>>(*member)) : SettingValue();
}

template <class T>
void Store(std::optional<T>& member, const SettingValue& value) {
  member.reset();
  if (const auto* const given = std::get_if<Stored<T>>(&value)) member = static_cast<T>(*given);
}

}  // namespace

std::string_view Setting::group() const {
  return GroupOf(key);
}
std::string_view Setting::wire_group() const {
  return GroupOf(wire_key);
}
std::string_view Setting::name() const {
  return NameOf(key);
}
std::string_view Setting::wire_name() const {
  return NameOf(wire_key);
}

std::span<const Setting> Settings() {
  return kSettings;
}

const Setting* FindSetting(std::string_view key) {
  const auto found = std::ranges::find(kSettings, key, &Setting::key);
  return found == kSettings.end() ? nullptr : &*found;
}

SettingValue GetSetting(const ClusterSpec& spec, const Setting& setting) {
  return std::visit(
      Overloaded{
          [&](bool ClusterSpec::*member) { return SettingValue(spec.*member); },
          [&](std::optional<Duration> ProbeSpec::*member) { return Shown(spec.probe.*member); },
          [&](auto member) { return Shown(spec.*member); },
      },
      setting.member);
}

void SetSetting(ClusterSpec& spec, const Setting& setting, const SettingValue& value) {
  ZKC_CHECK(value.index() == 0 || value.index() == setting.least.index());
  std::visit(
      Overloaded{
          [&](bool ClusterSpec::*member) {
            spec.*member = value.index() != 0 && std::get<bool>(value);
          },
          [&](std::optional<Duration> ProbeSpec::*member) { Store(spec.probe.*member, value); },
          [&](auto member) { Store(spec.*member, value); },
      },
      setting.member);
}

Result<OutlierVotes> ParseOutlierVotes(std::string_view text) {
  for (const OutlierVotes votes : {OutlierVotes::kCount, OutlierVotes::kIgnore}) {
    if (text == OutlierVotesName(votes)) return votes;
  }
  return Fail(ErrorCode::kInvalid, "expected count or ignore, not \"" + OneLine(text, 100) + "\"");
}

std::string FormatSetting(const SettingValue& value) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string("-"); },
                        [](bool on) { return std::string(on ? "true" : "false"); },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](double fraction) { return FormatFraction(fraction); },
                        [](Duration duration) { return FormatDuration(duration); },
                        [](OutlierVotes votes) { return std::string(OutlierVotesName(votes)); },
                    },
                    value);
}

std::string ProblemOfSetting(const Setting& setting, const SettingValue& value) {
  if (value.index() == 0) return {};
  // Not the other way round: a NaN is within no range.
  if (value >= setting.least && value <= setting.most) return {};
  const auto least = [&]<class T>(T) { return std::get<T>(setting.least); };
  const auto most = [&]<class T>(T) { return std::get<T>(setting.most); };
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string(); },
                        [](bool) { return std::string(); },
                        [](OutlierVotes) { return std::string("expected count or ignore"); },
                        [&](std::int64_t number) {
                          return ExpectedWholeNumber(least(number), most(number),
                                                     std::to_string(number));
                        },
                        [](double fraction) { return ExpectedFraction(std::to_string(fraction)); },
                        [&](Duration duration) {
                          return ExpectedDurationWithin(least(duration), most(duration),
                                                        FormatDuration(duration));
                        },
                    },
                    value);
}

std::string RingSetting::text() const {
  return std::visit(Overloaded{
                        [](std::string_view text) { return std::string(text); },
                        [](int number) { return std::to_string(number); },
                    },
                    value);
}

std::vector<RingSetting> RingSettings(const RingSpec& ring) {
  const RingSetting type{"type", RingTypeName(RingTypeOf(ring))};
  return std::visit(
      Overloaded{
          [&](const ConsistentRing& consistent) {
            return std::vector<RingSetting>{type, {"points", consistent.points}};
          },
          [&](const KetamaRing& ketama) {
            return std::vector<RingSetting>{type, {"hash", RingHashName(ketama.hash)}};
          },
      },
      ring);
}

}  // namespace zkcluster
