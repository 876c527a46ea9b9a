#include "model/spec_diff.h"

#include <doctest/doctest.h>

namespace spec_diff_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

ClusterSpec Spec() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.shards = {{"a", "h:1"}, {"b", "h:2"}, {"c", "h:3"}};
  return spec;
}

}  // namespace

TEST_CASE("diff: nothing, also when name and version differ") {
  ClusterSpec other = Spec();
  other.name = "x";
  other.version = 7;
  CHECK(DiffSpecs(Spec(), other).empty());
}

TEST_CASE("diff: shards that came, left, moved") {
  ClusterSpec to = Spec();
  to.shards = {{"a", "h:9"}, {"n", "h:4"}, {"c", "h:3"}};
  const SpecDiff diff = DiffSpecs(Spec(), to);
  CHECK(diff.added == std::vector<ShardSpec>{{"n", "h:4"}});
  CHECK(diff.removed == std::vector<ShardSpec>{{"b", "h:2"}});
  CHECK(diff.moved == std::vector<SpecDiff::Moved>{{"a", "h:1", "h:9"}});
  CHECK_FALSE(diff.reordered);
  CHECK(diff.settings.empty());
  CHECK_FALSE(diff.empty());
}

TEST_CASE("diff: another order of those that stayed") {
  ClusterSpec to = Spec();
  to.shards = {{"n", "h:4"}, {"c", "h:3"}, {"a", "h:1"}};
  CHECK(DiffSpecs(Spec(), to).reordered);
  to.shards = {{"n", "h:4"}, {"a", "h:1"}, {"m", "h:5"}, {"c", "h:3"}};
  CHECK_FALSE(DiffSpecs(Spec(), to).reordered);
}

TEST_CASE("diff: settings, with '-' for what was not set") {
  ClusterSpec to = Spec();
  to.ring = ConsistentRing{40};
  to.failover = false;
  to.checkers = 3;
  to.quorum = 2;
  to.probe = {1s, 2s, 3s, 1500ms, 250ms};
  to.mirror_limit = 0;
  using Settings = std::vector<SpecDiff::Setting>;
  const Settings settings = {
      {"ring.points", "160", "40"},
      {"failover", "true", "false"},
      {"checkers", "-", "3"},
      {"quorum", "-", "2"},
      {"probe.interval", "-", "1s"},
      {"probe.timeout", "-", "2s"},
      {"probe.threshold", "-", "3s"},
      {"probe.refused_threshold", "-", "1.5s"},
      {"probe.fast_interval", "-", "250ms"},
      {"mirror_limit", "-", "0"},
  };
  CHECK(DiffSpecs(Spec(), to).settings == settings);
  ClusterSpec from = to;
  to.checkers.reset();
  CHECK(DiffSpecs(from, to).settings == Settings{{"checkers", "3", "-"}});
}

TEST_CASE("diff: another ring shows what it uses; weights") {
  ClusterSpec to = Spec();
  to.ring = KetamaRing{RingHash::kMd5};
  to.shards[1].weight = 5;
  const SpecDiff diff = DiffSpecs(Spec(), to);
  using Settings = std::vector<SpecDiff::Setting>;
  CHECK(diff.settings == Settings{{"ring.type", "consistent", "ketama"},
                                  {"ring.points", "160", "-"},
                                  {"ring.hash", "-", "md5"}});
  CHECK(diff.reweighted == std::vector<SpecDiff::Reweighted>{{"b", 1, 5}});
  CHECK(diff.moved.empty());
  ClusterSpec heavier = to;
  heavier.shards[1].weight = 6;
  CHECK_FALSE(DiffSpecs(to, heavier).empty());
}

}  // namespace spec_diff_test
