#include "model/settings.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace settings_test {

using namespace zkcluster;
using namespace std::chrono_literals;

TEST_CASE("settings: each row has its own keys, and groups are neighbours") {
  std::set<std::string_view> keys;
  std::set<std::string_view> wire_keys;
  std::set<std::string_view> groups;
  std::string_view group;
  for (const Setting& setting : Settings()) {
    CAPTURE(setting.key);
    CHECK(keys.insert(setting.key).second);
    CHECK(wire_keys.insert(setting.wire_key).second);
    CHECK(FindSetting(setting.key) == &setting);
    CHECK(setting.group().empty() == setting.wire_group().empty());
    CHECK(setting.least.index() == setting.most.index());
    CHECK(setting.least.index() != 0);
    CHECK_FALSE(setting.meaning.empty());
    if (setting.group() != group && !setting.group().empty()) {
      CHECK(groups.insert(setting.group()).second);
    }
    group = setting.group();
  }
  CHECK(FindSetting("interval") == nullptr);
  CHECK(FindSetting("probe.interval")->name() == "interval");
  CHECK(FindSetting("probe.refused_threshold")->wire_name() == "RefusedThreshold");
  CHECK(FindSetting("probe.interval")->wire_group() == "Probe");
}

TEST_CASE("settings: what is set is got again, from the member that the row names") {
  for (const Setting& setting : Settings()) {
    CAPTURE(setting.key);
    ClusterSpec spec;
    SetSetting(spec, setting, setting.most);
    CHECK(GetSetting(spec, setting) == setting.most);
    SetSetting(spec, setting, setting.least);
    CHECK(GetSetting(spec, setting) == setting.least);
    // No other row has the same member.
    for (const Setting& other : Settings()) {
      if (&other != &setting) CHECK(GetSetting(spec, other) == GetSetting(ClusterSpec(), other));
    }
    SetSetting(spec, setting, {});
    CHECK(GetSetting(spec, setting) ==
          (setting.holds<bool>() ? SettingValue(false) : SettingValue()));
    CHECK(ProblemOfSetting(setting, setting.least).empty());
    CHECK(ProblemOfSetting(setting, setting.most).empty());
    CHECK(ProblemOfSetting(setting, {}).empty());
  }
  ClusterSpec spec;
  SetSetting(spec, *FindSetting("quorum"), std::int64_t{3});
  SetSetting(spec, *FindSetting("probe.timeout"), Duration(250ms));
  SetSetting(spec, *FindSetting("max_dead_fraction"), 0.25);
  CHECK(spec.quorum == 3);
  CHECK(spec.probe.timeout == Duration(250ms));
  CHECK(spec.max_dead_fraction == 0.25);
}

TEST_CASE("settings: as people write them, and why one cannot be") {
  CHECK(FormatSetting({}) == "-");
  CHECK(FormatSetting(true) == "true");
  CHECK(FormatSetting(std::int64_t{65536}) == "65536");
  CHECK(FormatSetting(0.5) == "0.5");
  CHECK(FormatSetting(Duration(1500ms)) == "1.5s");
  CHECK(ProblemOfSetting(*FindSetting("quorum"), std::int64_t{0}) ==
        "expected a whole number from 1 to 1000, not 0");
  CHECK(ProblemOfSetting(*FindSetting("probe.timeout"), Duration(2min)) ==
        "must be from 10ms to 1m, not 2m");
  for (const double fraction : {0.0, 1.5, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_FALSE(ProblemOfSetting(*FindSetting("max_dead_fraction"), fraction).empty());
  }
}

TEST_CASE("settings: of a ring, only those of its type") {
  const auto text = [](const RingSpec& ring) {
    std::string all;
    for (const RingSetting& setting : RingSettings(ring)) {
      all += std::string(setting.key) + "=" + setting.text() + " ";
    }
    return all;
  };
  CHECK(text(ConsistentRing{40}) == "type=consistent points=40 ");
  CHECK(text(KetamaRing{RingHash::kMd5}) == "type=ketama hash=md5 ");
}

}  // namespace settings_test
