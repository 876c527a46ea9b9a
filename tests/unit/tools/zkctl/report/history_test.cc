// `zkctl history`, and the former specs that `undo` and `diff --from` restore from the journal.
#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "model/spec_diff.h"
#include "tests/unit/tools/zkctl/report/snapshots.h"
#include "tools/zkctl/report/history.h"

namespace history_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;
using namespace std::chrono_literals;

namespace {

ClusterSpec SpecOf(std::uint64_t version, std::size_t shards, std::optional<int> quorum = {}) {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = version;
  spec.quorum = quorum;
  for (std::size_t i = 1; i <= shards; ++i) {
    spec.shards.push_back({"s" + std::to_string(i), "10.0.0." + std::to_string(i) + ":6379"});
  }
  return spec;
}

JournalEntry Seen(std::uint64_t version, Micros at) {
  Event event;
  event.at = at;
  event.leader = "c1";
  event.spec_version = version;
  event.what = Event::Spec{};
  return {"e", event, at};
}

JournalEntry Changed(const ClusterSpec& before, const ClusterSpec& after, Micros at,
                     const std::string& by, const std::string& note = {}) {
  Event event;
  event.at = at;
  event.by = by;
  event.spec_version = after.version;
  event.what =
      Event::Update{note, DescribeDiff(DiffSpecs(before, after)), RememberSpec(before, after)};
  return {"e", event, at};
}

const ClusterSpec kFirst = SpecOf(1'795'000'000'000'010, 6);
const ClusterSpec kSecond = SpecOf(1'795'000'000'000'020, 6, 2);
const ClusterSpec kThird = SpecOf(1'795'000'000'000'030, 5, 2);

std::vector<JournalEntry> Journal() {
  return {Seen(kFirst.version, kNow - 2h),
          Changed(kFirst, kSecond, kNow - 30min, "ann@ops1", "three racks now"),
          Seen(kSecond.version, kNow - 30min + 5ms),
          {"e", Fail(ErrorCode::kBadData, "not JSON"), kNow},
          Changed(kSecond, kThird, kNow - 40s, "root@ops1"),
          Seen(kThird.version, kNow - 40s + 5ms)};
}

std::string VersionsText(const std::vector<SpecVersion>& versions) {
  std::string text;
  for (const SpecVersion& version : versions) {
    text += std::to_string(version.version % 100) + (version.restorable ? "" : "!") + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("history: each version once, with its author, and back to any of them") {
  const auto journal = Journal();
  const auto versions = ListVersions(kThird, journal);
  CHECK(VersionsText(versions) == "10 20 30 ");
  REQUIRE(versions.size() == 3);
  CHECK(versions[0].by.empty());
  CHECK(versions[1].by == "ann@ops1");
  CHECK(versions[1].reason == "three racks now");
  CHECK(versions[1].at == kNow - 30min);
  CHECK(versions[2].changes == std::vector<std::string>{"s6 removed"});
  for (const ClusterSpec& spec : {kFirst, kSecond, kThird}) {
    CHECK(RestoreVersion(kThird, journal, spec.version) == spec);
  }
  CHECK(VersionBefore(kThird, journal) == kSecond.version);
  const auto unknown = RestoreVersion(kThird, journal, 7);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::kNotFound);
  CHECK(unknown.error().message.find("no version 7; `zkctl history sessions`") !=
        std::string::npos);
}

TEST_CASE("history: a change that zkctl did not make, or that is not remembered, is the limit") {
  auto journal = Journal();
  const ClusterSpec by_go = SpecOf(1'795'000'000'000'040, 4);
  journal.push_back(Seen(by_go.version, kNow - 5s));
  CHECK(VersionsText(ListVersions(by_go, journal)) == "10! 20! 30! 40 ");
  CHECK_FALSE(VersionBefore(by_go, journal));
  const auto lost = RestoreVersion(by_go, journal, kThird.version);
  REQUIRE_FALSE(lost);
  CHECK(lost.error().message.find("cannot be restored: a change since") != std::string::npos);
  const ClusterSpec next = SpecOf(1'795'000'000'000'050, 4, 3);
  journal.push_back(Changed(by_go, next, kNow - 1s, "ann@ops1"));
  CHECK(VersionsText(ListVersions(next, journal)) == "10! 20! 30! 40 50 ");
  CHECK(RestoreVersion(next, journal, by_go.version) == by_go);

  // Trimmed: only the last change is left. The version before it is known by it.
  const std::vector<JournalEntry> trimmed = {Changed(kSecond, kThird, kNow - 40s, "root@ops1")};
  CHECK(VersionsText(ListVersions(kThird, trimmed)) == "20 30 ");
  CHECK(VersionsText(ListVersions(kThird, {})) == "30 ");
  CHECK_FALSE(VersionBefore(kThird, {}));

  // Damaged bytes: versions that go in a circle, and what fits no list.
  std::vector<JournalEntry> damaged = {Changed(kSecond, kThird, kNow, "x"),
                                       Changed(kThird, kSecond, kNow, "x")};
  CHECK(VersionsText(ListVersions(kThird, damaged)) == "20 30 ");
  CHECK_FALSE(RestoreVersion(kThird, damaged, kFirst.version));
  Event event = *damaged[0].event;
  std::get<Event::Update>(event.what).former->pieces = {{9, 9, {}}};
  damaged = {{"e", event, kNow}};
  const auto bad = RestoreVersion(kThird, damaged, kSecond.version);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == ErrorCode::kBadData);
}

TEST_CASE("history: rows at 80 columns, in the open, and as JSON") {
  auto journal = Journal();
  const ClusterSpec by_go = SpecOf(1'795'000'000'000'040, 4);
  journal.push_back(Seen(by_go.version, kNow - 5s));
  const auto versions = ListVersions(by_go, journal);
  CHECK(
      HistoryText(by_go, versions, kNow, kPlain) ==
      "VERSION           MADE         BY              CHANGE\n"
      "1795000000000010  2h 00m ago   -               the first that the journal knows; cannot be "
      "restored\n"
      "1795000000000020  30m 00s ago  ann@ops1        quorum set to 2: \"three racks now\"; "
      "cannot be restored\n"
      "1795000000000030  40s ago      root@ops1       s6 removed; cannot be restored\n"
      "1795000000000040  5s ago       -          now  not made by zkctl\n");
  std::istringstream lines(HistoryText(by_go, versions, kNow, {false, 80}));
  for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
  const OrderedJson json = HistoryJson(by_go, versions);
  CHECK(json[1]["changes"] == OrderedJson({"quorum set to 2"}));
  CHECK(json[1]["reason"] == "three racks now");
  CHECK(json[1]["restorable"] == false);
  CHECK(json[3]["current"] == true);
  CHECK(json[3]["by"].is_null());
}

}  // namespace history_test
