#include "model/paths.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <limits>
#include <string>
#include <vector>

namespace paths_test {

using namespace zkcluster;

namespace {

const std::string kGuid = "0123456789abcdef0123456789abcdef";

// In the server's form.
std::string Counter(std::int32_t value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%010d", value);
  return buffer;
}

constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
const std::vector<std::int32_t> kCounters = {
    0,   1,         12,         kMax,       kMin,        kMin + 1,  -1,
    -12, 999999999, 1000000000, -999999999, -1000000000, 2000000000};

}  // namespace

TEST_CASE("paths: the table of znodes") {
  const ClusterPaths paths("/goreclusters", "sessions");
  CHECK(paths.base() == "/goreclusters/sessions");
  CHECK(paths.shards() == "/goreclusters/sessions/shards");
  CHECK(paths.mirror() == "/goreclusters/sessions/status");
  CHECK(paths.go_voters() == "/goreclusters/sessions/localstatus");
  CHECK(paths.chunk(3) == "/goreclusters/sessions/quorum/status/3");
  CHECK(paths.vote("rack-1") == "/goreclusters/sessions/quorum/votes/rack-1");
  CHECK(paths.event_prefix() == "/goreclusters/sessions/quorum/events/e_");
  CHECK(ClusterPaths("/", "x").base() == "/x");
}

TEST_CASE("paths: candidate names, ids with '-' and counters near the wrap") {
  for (const std::string& id :
       std::vector<std::string>{"rack1", "rack-1", "-", "a--b-", "x-" + kGuid,
                                "x-" + kGuid + "-0000000001", "\xc3\xbc"}) {
    for (const std::int32_t sequence : kCounters) {
      const std::string node = CandidatePrefix(id, kGuid) + Counter(sequence);
      CAPTURE(node);
      const auto name = ParseCandidateName(node);
      REQUIRE(name.has_value());
      CHECK(*name == CandidateName{id, kGuid, sequence});
    }
  }
}

TEST_CASE("paths: foreign candidate names are nothing") {
  for (const std::string& node : std::vector<std::string>{
           "", "n_0000000007", kGuid, "-" + kGuid + "-0000000001", "rack1-" + kGuid + "-1",
           "rack1-" + kGuid + "-00000000012", "rack1-" + kGuid + "-9999999999",
           "rack1-" + kGuid + "-000000000x", "rack1-" + kGuid + "--000000000",
           "rack1-" + kGuid + "-+000000001", "rack1-" + kGuid + "--0000000012",
           "rack1-" + kGuid.substr(1) + "-0000000001", "rack1-g" + kGuid.substr(1) + "-0000000001",
           "rack1" + kGuid + "-0000000001", "rack1-" + kGuid + "0000000001",
           "a/b-" + kGuid + "-0000000001", "rack1-" + kGuid + "-0000000001 ",
           "rack1-" + kGuid + "--2147483649"}) {
    CAPTURE(node);
    CHECK_FALSE(ParseCandidateName(node).has_value());
  }
}

TEST_CASE("paths: a name that is too short is not read beyond its beginning") {
  const std::string text = "-" + kGuid + "-0000000001";
  CHECK_FALSE(ParseCandidateName(std::string_view(text).substr(1)).has_value());
}

TEST_CASE("paths: counters at the end of any name") {
  for (const std::string& prefix : std::vector<std::string>{"n_", "e_", "_", "", "rack-1-"}) {
    for (const std::int32_t sequence : kCounters) {
      const std::string node = prefix + Counter(sequence);
      CAPTURE(node);
      CHECK(ParseSequence(node) == sequence);
    }
  }
  CHECK(ParseSequence("n_-2147483648") == kMin);
  // The '-' belongs to the name if no separator is before it.
  CHECK(ParseSequence("rack-1000000001") == 1000000001);
  for (const char* node :
       {"", "n_", "n_7", "n_00000000 7", "n_000000000x", "n_9999999999", "n_0000000007 "}) {
    CAPTURE(node);
    CHECK_FALSE(ParseSequence(node).has_value());
  }
}

TEST_CASE("paths: order of sequence numbers across the wrap") {
  CHECK(SequenceBefore(1, 2));
  CHECK_FALSE(SequenceBefore(2, 1));
  CHECK_FALSE(SequenceBefore(5, 5));
  CHECK(SequenceBefore(kMax, kMin));
  CHECK(SequenceBefore(kMax - 3, kMin + 3));
  CHECK_FALSE(SequenceBefore(kMin, kMax));
  CHECK(SequenceBefore(-1, 0));
}

TEST_CASE("paths: names that a path cannot hold") {
  for (const std::string& name :
       std::vector<std::string>{"a", "sessions", "a-b_c.d", "...", "\xc3\xbc", "\xe9\x87\x8d",
                                "a b", std::string(200, 'x')}) {
    CAPTURE(name);
    CHECK(ValidateName("name", name).has_value());
  }
  for (const std::string& name : std::vector<std::string>{
           "", ".", "..", "a/b", "/", std::string("a\0b", 3), "a\n", "\x7f", "\xc2\x85", "\xff",
           "\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xef\xbf\xbf", "\xee\x80\x80", "\xf0\x9f\x98\x80",
           std::string(201, 'x')}) {
    CAPTURE(name);
    const auto valid = ValidateName("the checker's id", name);
    REQUIRE_FALSE(valid.has_value());
    CHECK(valid.error().code == ErrorCode::kInvalid);
    CHECK(valid.error().message.starts_with("the checker's id \""));
    for (const char c : valid.error().message) CHECK((c >= 0x20 && c < 0x7f));
  }
}

TEST_CASE("paths: roots") {
  for (const char* root : {"/", "/a", "/a/b", "/goreclusters", "/zookeeper2"}) {
    CAPTURE(root);
    CHECK(ValidateRoot(root).has_value());
  }
  for (const char* root : {"", "a", "a/b", "/a/", "//", "/a//b", "/.", "/a/..", "/zookeeper",
                           "/zookeeper/x", "/\x01"}) {
    CAPTURE(root);
    CHECK_FALSE(ValidateRoot(root).has_value());
  }
}

}  // namespace paths_test
