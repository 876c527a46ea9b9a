#include "model/board.h"

#include <doctest/doctest.h>

namespace board_test {

using namespace zkcluster;

namespace {

ShardState Dead(std::int64_t since) {
  return {ShardStatus::kDead, Micros(since), Reason::kTimeout, {0, 3, 0}};
}
ShardState Alive(std::int64_t since) {
  return {ShardStatus::kAlive, Micros(since), Reason::kNone, {3, 0, 0}};
}

}  // namespace

TEST_CASE("board: how many chunks") {
  CHECK(ChunkCount(0) == 0);
  CHECK(ChunkCount(1) == 1);
  CHECK(ChunkCount(512) == 1);
  CHECK(ChunkCount(513) == 2);
}

TEST_CASE("board: a changed list carries over shards with the same name and address") {
  const std::vector<ShardSpec> before = {{"a", "h:1"}, {"b", "h:2"}, {"c", "h:3"}};
  const StatusBoard board{{Alive(1), Dead(2), Alive(3)}};
  struct Case {
    const char* what;
    std::vector<ShardSpec> after;
    std::vector<ShardState> states;
  };
  const std::vector<Case> cases = {
      {"nothing changed", before, board.shards},
      {"another order", {{"c", "h:3"}, {"b", "h:2"}, {"a", "h:1"}}, {Alive(3), Dead(2), Alive(1)}},
      {"one is new", {{"a", "h:1"}, {"n", "h:9"}, {"b", "h:2"}}, {Alive(1), {}, Dead(2)}},
      {"one moved", {{"b", "h:9"}, {"c", "h:3"}}, {{}, Alive(3)}},
      {"one was renamed", {{"x", "h:2"}}, {{}}},
      {"one has another weight", {{"a", "h:1"}, {"b", "h:2", 5}}, {Alive(1), Dead(2)}},
      {"addresses were swapped", {{"a", "h:2"}, {"b", "h:1"}}, {{}, {}}},
      {"all left", {}, {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(CarryOver(board, before, c.after).shards == c.states);
  }
}

TEST_CASE("board: carrying over a board that is shorter than its list") {
  const std::vector<ShardSpec> shards = {{"a", "h:1"}, {"b", "h:2"}};
  CHECK(CarryOver({{Alive(1)}}, shards, shards).shards == std::vector<ShardState>{Alive(1), {}});
}

TEST_CASE("board: status and reason names are an interface") {
  CHECK(ShardStatusName(ShardStatus::kUnknown) == "unknown");
  CHECK(ShardStatusName(ShardStatus::kAlive) == "alive");
  CHECK(ShardStatusName(ShardStatus::kDead) == "dead");
  const std::vector<std::string_view> names = {
      "none",        "refused",  "reset",       "timeout",     "loading",  "masterdown",
      "busy",        "misconf",  "maxclients",  "error_reply", "protocol", "unresolved",
      "unreachable", "no_route", "local_limit", "mixed",       "lost",     "other"};
  REQUIRE(names.size() == kReasonCount);
  for (int i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(ReasonName(reason) == names[static_cast<std::size_t>(i)]);
    CHECK(ReasonOf(ReasonName(reason)) == reason);
    CHECK(KnownReason(reason) == reason);
  }
}

}  // namespace board_test
