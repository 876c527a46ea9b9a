#include "yaml/spec_file.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace spec_file_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

std::string ErrorOf(const std::string& text, std::string_view name = {}) {
  const auto spec = ParseSpecFile("c.yaml", text, name);
  return spec ? std::string("(accepted)") : spec.error().message;
}

ClusterSpec Full() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = 1795228044224923;
  spec.ring = ConsistentRing{100};
  spec.failover = false;
  spec.checkers = 5;
  spec.quorum = 3;
  spec.min_racks = 2;
  spec.max_dead_fraction = 0.25;
  spec.probe.interval = 500ms;
  spec.probe.timeout = 250ms;
  spec.probe.threshold = 1500ms;
  spec.probe.refused_threshold = 1s;
  spec.probe.fast_interval = 100ms;
  spec.mirror_limit = 0;
  spec.shards = {{"s1", "10.0.0.1:6379"}, {"s2", "[::1]:6379"}, {"s3", ":6379"}};
  return spec;
}

}  // namespace

TEST_CASE("spec file: every key") {
  const auto spec = ParseSpecFile("c.yaml",
                                  "name: sessions\n"
                                  "version: 1795228044224923\n"
                                  "ring: {type: Consistent, points: 100}\n"
                                  "failover: false\n"
                                  "checkers: 5\n"
                                  "quorum: 3\n"
                                  "min_racks: 2\n"
                                  "max_dead_fraction: 0.25\n"
                                  "probe:\n"
                                  "  interval: 500ms\n"
                                  "  timeout: 250ms\n"
                                  "  threshold: 1.5s\n"
                                  "  refused_threshold: 1s\n"
                                  "  fast_interval: 100ms\n"
                                  "mirror_limit: 0\n"
                                  "shards:\n"
                                  "  - {name: s1, addr: '10.0.0.1:6379'}\n"
                                  "  - name: s2\n"
                                  "    addr: \"[::1]:6379\"\n"
                                  "  - {name: s3, addr: ':6379'}\n");
  REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
  CHECK(*spec == Full());
}

TEST_CASE("spec file: what is left out") {
  const auto spec = ParseSpecFile("c.yaml", "name: a\nshards: [{name: s, addr: 'h:1'}]\nprobe:\n");
  REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
  ClusterSpec expected;
  expected.name = "a";
  expected.shards = {{"s", "h:1"}};
  CHECK(*spec == expected);
}

TEST_CASE("spec file: a ketama ring and its weights") {
  const std::string shards = "shards:\n  - {name: s1, addr: 'h:1', weight: 3}\n";
  auto spec = ParseSpecFile("c.yaml", "name: a\nring: {type: ketama, hash: md5}\n" + shards);
  REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
  CHECK(spec->ring == RingSpec(KetamaRing{RingHash::kMd5}));
  CHECK(spec->shards == std::vector<ShardSpec>{{"s1", "h:1", 3}});
  spec = ParseSpecFile("c.yaml", "name: a\nring: {hash: FNV1A_64, type: Ketama}\n" + shards);
  REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
  CHECK(spec->ring == RingSpec(KetamaRing{}));
  CHECK(ParseSpecFile("c.yaml", "name: a\nring: {type: ketama}\n" + shards)->ring ==
        RingSpec(KetamaRing{}));

  CHECK(ErrorOf("name: a\nring: {type: ketama, points: 160, hash: crc32}\n" + shards) ==
        "c.yaml:2:30: ring.points: a ketama ring always has 160 for a shard of mean weight: leave "
        "this out\n"
        "c.yaml:2:41: ring.hash: expected one of fnv1a_64, md5, not \"crc32\"");
  CHECK(ErrorOf("name: a\nring: {hash: md5}\n" + shards) ==
        "c.yaml:2:14: ring.hash: only a ring of type ketama has a choice of hash\n"
        "c.yaml:4:37: shards[0].weight: only a ring of type ketama knows weights");
  CHECK(ErrorOf("name: a\nring: {type: ketama}\nshards: [{name: s, addr: 'h:1', weight: 0}]\n") ==
        "c.yaml:3:41: shards[0].weight: expected a whole number from 1 to 100000, not 0");
  // No weight stays no weight, for any ring.
  CHECK(ParseSpecFile("c.yaml", "name: a\nshards: [{name: s, addr: 'h:1', weight: 1}]\n")
            .has_value());
}

TEST_CASE("spec file: the name may come from the command, but not another one") {
  const auto spec = ParseSpecFile("c.yaml", "shards: [{name: s, addr: 'h:1'}]\n", "given");
  REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
  CHECK(spec->name == "given");
  CHECK(ParseSpecFile("c.yaml", "name: given\nshards: [{name: s, addr: 'h:1'}]\n", "given")
            .has_value());
  CHECK(ErrorOf("name: other\nshards: [{name: s, addr: 'h:1'}]\n", "given") ==
        "c.yaml:1:7: name: is \"other\", but the command names \"given\"");
  CHECK(ErrorOf("shards: [{name: s, addr: 'h:1'}]\n") ==
        "c.yaml:1:1: name: missing: which cluster is this?");
}

TEST_CASE("spec file: every problem at once, sorted by place") {
  const std::string problems = ErrorOf(
      "name: a/b\n"
      "ring: {type: chord, points: 0}\n"
      "checkers: 2\n"
      "quorum: 3\n"
      "min_racks: 3\n"
      "max_dead_fraction: 50%\n"
      "probe:\n"
      "  intervall: 1s\n"
      "  timeout: 5ms\n"
      "  threshold: soon\n"
      "shards:\n"
      "  - {name: s1, addr: '10.0.0.1:6379'}\n"
      "  - {name: s1, addr: '10.0.0.2:6379'}\n"
      "  - {name: s3, addr: '10.0.0.1:6379'}\n"
      "  - {name: s4, addr: 'nowhere'}\n"
      "  - {name: '', addr: 'h:1', port: 3}\n"
      "  - {addr: 'h:2'}\n"
      "  - text\n"
      "  -\n"
      "checkers: 3\n");
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= problems.size();) {
    const std::size_t end = std::min(problems.find('\n', at), problems.size());
    lines.push_back(problems.substr(at, end - at));
    at = end + 1;
  }
  const std::vector<std::string> starts = {
      "c.yaml:1:7: name: ",
      "c.yaml:2:14: ring.type: expected one of consistent, ketama, not \"chord\"",
      "c.yaml:2:29: ring.points: expected a whole number from 1 to 10000, not 0",
      "c.yaml:4:9: quorum: is 3, more than the 2 checkers",
      "c.yaml:5:12: min_racks: is 3, more than the 2 checkers",
      "c.yaml:6:20: max_dead_fraction: expected a fraction above 0 and at most 1, such as 0.5",
      "c.yaml:8:3: probe.intervall: unknown key; did you mean \"interval\"?",
      "c.yaml:9:12: probe.timeout: must be from 10ms to 1m, not 5ms",
      "c.yaml:10:14: probe.threshold: ",
      "c.yaml:13:12: shards[1].name: duplicate shard name \"s1\"; it is in line 12 already",
      "c.yaml:14:22: shards[2].addr: duplicate address \"10.0.0.1:6379\"; it is in line 12 "
      "already",
      "c.yaml:15:22: shards[3].addr: ",
      "c.yaml:16:12: shards[4].name: must not be empty",
      "c.yaml:16:29: shards[4].port: unknown key",
      "c.yaml:17:5: shards[5].name: missing",
      "c.yaml:18:5: shards[6]: expected keys and values, not \"text\"",
      "c.yaml:20:1: checkers: duplicate key; it is in line 3 already",
      // yaml-cpp gives an empty item the place of what follows it.
      "c.yaml:20:1: shards[7]: expected a shard such as {name: s1, addr: 10.0.0.1:6379}",
  };
  REQUIRE_MESSAGE(lines.size() == starts.size(), problems);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    CHECK_MESSAGE(lines[i].compare(0, starts[i].size(), starts[i]) == 0,
                  lines[i] << " instead of " << starts[i]);
  }
}

TEST_CASE("spec file: no shards, no list, nothing at all") {
  CHECK(ErrorOf("") == "c.yaml:1:1: empty: expected at least name and shards");
  CHECK(ErrorOf("name: a\n") == "c.yaml:1:1: shards: missing: a cluster has at least one shard");
  CHECK(ErrorOf("name: a\nshards: []\n") ==
        "c.yaml:2:9: shards: empty: a cluster has at least one shard");
  CHECK(ErrorOf("name: a\nshards: 3\n") == "c.yaml:2:9: shards: expected a list");
  CHECK(ErrorOf("[]\n") == "c.yaml:1:1: expected keys and values, not a list");
}

TEST_CASE("spec file: a list whose JSON is too large for ZooKeeper") {
  std::string text = "name: big\nshards:\n";
  for (int i = 0; i < 24'000; ++i) {
    text += "  - {name: shard-" + std::to_string(i) + ", addr: 'host-" + std::to_string(i) +
            ":6379'}\n";
  }
  const auto spec = ParseSpecFile("c.yaml", text);
  REQUIRE_FALSE(spec.has_value());
  CHECK(spec.error().code == ErrorCode::kTooLarge);
  CHECK(spec.error().message.find("c.yaml:3:3: shards: 24000 shards make ") == 0);
}

TEST_CASE("spec file: what is printed reads back as the same spec") {
  ClusterSpec odd;
  odd.name = "yes";
  const std::vector<std::string> names = {
      "yes",    "null", "1e3",       "12",          "s<1>&a", "a b",  " lead", "caf\u00e9",
      "\u732b", "it's", "say \"x\"", "back\\slash", "#x",     "- x",  "{a}",   "a: b",
      "a,b",    "~",    "true",      "[x]",         "0x10",   "1:30", "\u00a0"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    odd.shards.push_back({names[i], "h" + std::to_string(i) + ":1"});
  }
  ClusterSpec small;
  small.name = "a";
  small.shards = {{"s", "h:1"}};
  ClusterSpec ketama = Full();
  ketama.ring = KetamaRing{RingHash::kMd5};
  ketama.shards[1].weight = 40;
  ClusterSpec plain_ketama = small;
  plain_ketama.ring = KetamaRing{};
  for (const ClusterSpec& spec : {Full(), odd, small, ketama, plain_ketama}) {
    for (const std::string& text : {FormatSpecYaml(spec), FormatSpecJson(spec)}) {
      CAPTURE(text);
      const auto read = ParseSpecFile("c.yaml", text);
      REQUIRE_MESSAGE(read.has_value(), read.error().message);
      CHECK(*read == spec);
    }
  }
}

}  // namespace spec_file_test
