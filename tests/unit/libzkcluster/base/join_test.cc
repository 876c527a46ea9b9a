#include "base/join.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace join_test {

using namespace zkcluster;

TEST_CASE("join: words with a separator between them, all or the first few") {
  const std::vector<std::string> words = {"b", "", "a"};
  CHECK(Join(words, ",") == "b,,a");
  CHECK(Join(std::set<std::string>(words.begin(), words.end()), ", ") == ", a, b");
  CHECK(Join(std::vector<std::string>{}, ",").empty());
  CHECK(JoinFirst(words, 1, ",") == "b");
  CHECK(JoinFirst(words, 9, " ") == "b  a");
}

TEST_CASE("join: some by name, the others by number") {
  const std::set<std::string> words = {"a", "b", "c"};
  CHECK(JoinSome(words, 3) == "a, b, c");
  CHECK(JoinSome(words, 2) == "a, b and 1 more");
  CHECK(JoinSome(std::set<std::string>{}, 2).empty());
}

}  // namespace join_test
