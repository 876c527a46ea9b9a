#include "tools/zkctl/report/diff.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace diff_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;

TEST_CASE("diff: a line for each difference, and its JSON") {
  SpecDiff diff;
  diff.added = {{"s5", "h5:1"}, {"s6", "h6:1", 3}};
  diff.reweighted = {{"s3", 1, 20}};
  diff.removed = {{"s1", "h1:1"}};
  diff.moved = {{"s2", "a:1", "b:1"}};
  diff.settings = {{"checkers", "-", "3"}};
  diff.reordered = true;
  CHECK(DiffText(diff, false) ==
        "~ checkers: none -> 3\n"
        "- shard s1 h1:1\n"
        "~ shard s2: a:1 -> b:1\n"
        "~ shard s3: weight 1 -> 20\n"
        "+ shard s5 h5:1\n"
        "+ shard s6 h6:1 weight 3\n"
        "~ the shards are in another order\n");
  const OrderedJson json = DiffJson("a", diff);
  CHECK(json["equal"] == false);
  CHECK(json["added"][1].dump() == R"({"name":"s6","addr":"h6:1","weight":3})");
  CHECK(json["reweighted"].dump() == R"([{"name":"s3","from":1,"to":20}])");
  CHECK(json["settings"][0]["from"].is_null());
  CHECK(json["settings"][0]["to"] == "3");
  CHECK(DiffJson("a", {})["equal"] == true);
}

}  // namespace diff_test
