#include "codec/board_reader.h"

#include <doctest/doctest.h>

#include <string>

#include "codec/codec.h"

namespace board_reader_test {

using namespace zkcluster;

namespace {

ShardState DeadRow(std::int64_t since) {
  return {ShardStatus::kDead, Micros(since), Reason::kTimeout, {0, 3, 0}};
}
ShardState AliveRow(std::int64_t since) {
  return {ShardStatus::kAlive, Micros(since), Reason::kNone, {3, 0, 0}};
}

constexpr std::size_t kShards = kChunkShards + 2;  // two chunks, the second with two rows

Head HeadOf(std::size_t shards, std::vector<std::int32_t> chunks, std::int64_t list = 42) {
  Head head;
  head.spec = {7, list};
  head.epoch = 3;
  head.sequence = 17;
  head.leader = "rack1";
  head.shards = shards;
  head.chunks = std::move(chunks);
  return head;
}

std::string Rows(std::size_t count, const ShardState& state) {
  return EncodeChunk({std::vector<ShardState>(count, state)}, 0);
}

// L: absent from what can be read. A, D: alive, dead; ?: unknown.
char LetterOf(const ShardState& state) {
  if (state == kLostRow) return 'L';
  if (state.status == ShardStatus::kUnknown) return '?';
  return state.status == ShardStatus::kAlive ? 'A' : 'D';
}

std::string DescribeHead(const BoardReader::Bytes& bytes) {
  BoardReader reader;
  const auto problem = reader.TakeHead(bytes);
  CHECK(problem.has_value() != reader.head().has_value());
  if (!problem) return "head";
  return problem->code == ErrorCode::kNotFound ? "absent" : "bad";
}

}  // namespace

TEST_CASE("board reader: a head") {
  struct Case {
    const char* what;
    std::optional<std::string> bytes;
    const char* outcome;
  };
  const Case cases[] = {
      {"absent", std::nullopt, "absent"},
      {"empty", "", "bad"},
      {"not JSON", "{\"Spec\":", "bad"},
      {"another kind of value", "[]", "bad"},
      {"fewer chunks than the shards fill", EncodeHead(HeadOf(kShards, {4})), "bad"},
      {"more chunks than the shards fill", EncodeHead(HeadOf(kShards, {4, 0, 0})), "bad"},
      {"as it should be", EncodeHead(HeadOf(kShards, {4, 0})), "head"},
      {"of no shards", EncodeHead(HeadOf(0, {})), "head"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CHECK(DescribeHead(c.bytes) == c.outcome);
  }
  BoardReader reader;
  REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(kShards, {4, 0}))));
  CHECK(reader.head() == HeadOf(kShards, {4, 0}));
}

TEST_CASE("board reader: the second chunk of a board, whole and otherwise") {
  struct Case {
    const char* what;
    std::optional<std::string> bytes;
    std::optional<Error> problem;
    const char* rows;  // of the second chunk
  };
  const auto bad = [](const char* message) { return Error{ErrorCode::kBadData, message}; };
  const Case cases[] = {
      {"whole", Rows(2, DeadRow(5)), std::nullopt, "DD"},
      {"of unknown shards", Rows(2, {}), std::nullopt, "??"},
      {"lost to the leader before", Rows(2, kLostRow), std::nullopt, "LL"},
      {"absent", std::nullopt, Error{ErrorCode::kNotFound, "missing"}, "LL"},
      {"short", Rows(1, DeadRow(5)), bad("has 1 rows, not 2"), "LL"},
      {"no rows", Rows(0, {}), bad("has 0 rows, not 2"), "LL"},
      {"too many rows", Rows(3, DeadRow(5)), bad("has 3 rows, not 2"), "LL"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    BoardReader reader;
    REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(kShards, {4, 0}))));
    REQUIRE_FALSE(reader.TakeChunk(0, Rows(kChunkShards, AliveRow(3))));
    CHECK_FALSE(reader.HasChunk(1));
    const auto problem = reader.TakeChunk(1, c.bytes);
    REQUIRE(problem.has_value() == c.problem.has_value());
    if (problem) {
      CHECK(problem->code == c.problem->code);
      CHECK(problem->message == c.problem->message);
    }
    CHECK(reader.HasChunk(1));
    CHECK((reader.Rows(1) == nullptr) == problem.has_value());
    // The first chunk does not suffer from the second.
    const StatusBoard board = reader.Board();
    REQUIRE(board.shards.size() == kShards);
    for (std::size_t i = 0; i < kChunkShards; ++i) CHECK(board.shards[i] == AliveRow(3));
    CHECK(std::string{LetterOf(board.shards[kChunkShards]),
                      LetterOf(board.shards[kChunkShards + 1])} == c.rows);
  }
}

TEST_CASE("board reader: a chunk that cannot be decoded") {
  for (const char* const bytes : {"", "{", "{\"Rows\":1}", "{\"Rows\":[[2,9,0,\"\",0,0,0]]}",
                                  "{\"Rows\":[[513,1,0,\"\",0,0,0]]}"}) {
    CAPTURE(bytes);
    BoardReader reader;
    REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(2, {1}))));
    const auto problem = reader.TakeChunk(0, bytes);
    REQUIRE(problem);
    CHECK(problem->code == ErrorCode::kBadData);
    CHECK(reader.Board() == StatusBoard{{kLostRow, kLostRow}});
  }
}

TEST_CASE("board reader: a good chunk replaces one that could not be used, and the reverse") {
  BoardReader reader;
  REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(1, {1}))));
  CHECK(reader.Board() == StatusBoard{{kLostRow}});
  CHECK(reader.TakeChunk(0, std::nullopt));
  CHECK_FALSE(reader.TakeChunk(0, Rows(1, DeadRow(5))));
  CHECK(reader.Board() == StatusBoard{{DeadRow(5)}});
  CHECK(reader.TakeChunk(0, "{"));
  CHECK(reader.Board() == StatusBoard{{kLostRow}});
}

TEST_CASE("board reader: which chunks the next head leaves in place") {
  struct Case {
    const char* what;
    Head next;
    bool first, second;  // still there
  };
  const Case cases[] = {
      {"the same versions", HeadOf(kShards, {4, 0}), true, true},
      {"one version moved", HeadOf(kShards, {4, 1}), true, false},
      {"another list", HeadOf(kShards, {4, 0}, 43), false, false},
      {"a shorter list: the second chunk is past the end", HeadOf(1, {4}, 43), false, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    BoardReader reader;
    REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(kShards, {4, 0}))));
    REQUIRE_FALSE(reader.TakeChunk(0, Rows(kChunkShards, AliveRow(3))));
    REQUIRE_FALSE(reader.TakeChunk(1, Rows(2, DeadRow(5))));
    // One that cannot be read comes between.
    REQUIRE(reader.TakeHead("{"));
    CHECK_FALSE(reader.HasChunk(0));
    CHECK(reader.Rows(0) == nullptr);
    REQUIRE_FALSE(reader.TakeHead(EncodeHead(c.next)));
    CHECK(reader.HasChunk(0) == c.first);
    CHECK(reader.HasChunk(1) == c.second);
    CHECK((reader.Rows(0) != nullptr) == c.first);
    CHECK((reader.Rows(1) != nullptr) == c.second);
    CHECK(reader.Board().shards.size() == c.next.shards);
  }
}

TEST_CASE("board reader: a version that comes back finds its chunk in place") {
  BoardReader reader;
  REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(1, {4}))));
  REQUIRE_FALSE(reader.TakeChunk(0, Rows(1, DeadRow(5))));
  REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(1, {5}))));
  CHECK_FALSE(reader.HasChunk(0));
  REQUIRE_FALSE(reader.TakeHead(EncodeHead(HeadOf(1, {4}))));
  REQUIRE(reader.Rows(0) != nullptr);
  CHECK(reader.Rows(0)->front() == DeadRow(5));
}

TEST_CASE("board reader: only the mirror") {
  const std::vector<ShardSpec> list = {{"a", "h:1"}, {"b", "h:2"}, {"c", "h:3"}};
  struct Case {
    const char* what;
    std::optional<std::string> bytes;
    const char* rows;  // empty: it cannot be used
  };
  const StatusBoard all{{AliveRow(1), DeadRow(2), AliveRow(3)}};
  const std::vector<ShardSpec> strangers = {{"a", "h:1"}, {"x", "h:9"}, {"b", "h:8"}};
  const Case cases[] = {
      {"absent", std::nullopt, ""},
      {"undecodable", "{", ""},
      {"lists nobody", EncodeMirror({}, {}), "???"},
      {"lists all", EncodeMirror(list, all), "ADA"},
      {"lists strangers, and b at another address", EncodeMirror(strangers, all), "A??"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const auto mirror = BoardReader::ReadMirror(c.bytes);
    REQUIRE(mirror.has_value() == !std::string_view(c.rows).empty());
    if (!mirror) {
      CHECK(mirror.error().code == (c.bytes ? ErrorCode::kBadData : ErrorCode::kNotFound));
      continue;
    }
    std::string rows;
    for (const ShardState& state : FromMirror(*mirror, list).shards) rows += LetterOf(state);
    CHECK(rows == c.rows);
  }
  const auto mirror = BoardReader::ReadMirror(EncodeMirror(list, all));
  REQUIRE(mirror);
  CHECK(FindInMirror(*mirror, "h:2") == ShardState{ShardStatus::kDead, Micros(2)});
  CHECK(FindInMirror(*mirror, "h:4") == std::nullopt);
}

}  // namespace board_reader_test
