#include "model/known_lists.h"

#include <doctest/doctest.h>

#include <string>

namespace known_lists_test {

using namespace zkcluster;

namespace {

std::vector<ShardSpec> ListOf(const std::string& name) {
  return {{name, "h:1"}};
}

}  // namespace

TEST_CASE("known lists: the oldest goes when one more comes than is kept") {
  KnownLists lists(3);
  CHECK(lists.Find(1) == nullptr);
  for (const std::int64_t zxid : {1, 2, 3, 4}) lists.Add(zxid, ListOf(std::to_string(zxid)));
  CHECK(lists.Find(1) == nullptr);
  for (const std::int64_t zxid : {2, 3, 4}) {
    REQUIRE(lists.Find(zxid) != nullptr);
    CHECK(*lists.Find(zxid) == ListOf(std::to_string(zxid)));
  }
}

TEST_CASE("known lists: a list that is known already pushes none out") {
  KnownLists lists(2);
  lists.Add(1, ListOf("a"));
  lists.Add(2, ListOf("b"));
  lists.Add(2, ListOf("c"));
  REQUIRE(lists.Find(1) != nullptr);
  REQUIRE(lists.Find(2) != nullptr);
  CHECK(*lists.Find(2) == ListOf("b"));
}

}  // namespace known_lists_test
