// Tests each excuse of the judge of tables in two stories that differ little: one where the excuse
// applies, and one where it does not.
#include <doctest/doctest.h>

#include "tests/history/excuse.h"
#include "tests/history/table_judge.h"
#include "tests/unit/history/story.h"

namespace excuse_tables_test {

using namespace zkcluster;
using namespace zkcluster::history;

namespace {

void VoteAll(Story& story, std::string_view letters) {
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, letters);
}

struct Watched : SettledStory {
  void Take(std::int64_t sequence, std::uint64_t version, const std::string& statuses,
            std::uint64_t generation = 0) {
    tables.Observe(
        {"app", "c", sequence == 0 ? 0 : 1, sequence, version, generation, statuses, {}});
  }
  // Either the excuse is counted once and nothing is broken, or a rule is broken and the
  // excuse is not counted.
  void Expect(Excuse excuse, bool excused) const {
    CHECK(tables.violations().size() == (excused ? 0 : 1));
    CHECK(tables.excuses()[excuse] == (excused ? 1 : 0));
  }

  TableJudge tables{judge};
};

}  // namespace

TEST_CASE("excuses: a damaged head") {
  for (const bool excused : {true, false}) {
    Watched story;
    if (excused) story.Remove(kOutsider, story.paths.chunk(0));
    VoteAll(story, "DD");
    if (excused) story.board = {{{}, {}}};
    story.Commit(story.Decide("DD"));
    REQUIRE_MESSAGE(story.Broken().empty(), story.Violations());
    story.Take(2, 1, "AA");
    story.Expect(Excuse::kDamagedHead, excused);
  }
}

TEST_CASE("excuses: a lost row") {
  for (const bool excused : {true, false}) {
    Watched story;
    story.Take(1, 1, "AA");
    auto draft = story.Decide();
    if (excused) draft.board.shards[0] = {ShardStatus::kUnknown, story.Wall(), Reason::kLost, {}};
    story.CommitBy(kOutsider, draft);
    story.Take(2, 1, excused ? "AA" : "DA");
    story.Expect(Excuse::kLostRow, excused);
  }
}

TEST_CASE("tables: a row of another list says nothing about a shard that has moved since") {
  for (const bool moved : {true, false}) {
    Watched story;
    const SpecId first = story.Id();
    story.Update([&](ClusterSpec& spec) { spec.shards[moved ? 0 : 1].addr = "10.0.0.9:1"; });
    VoteAll(story, "AA");
    story.Commit(story.Decide("A-"));
    story.Take(2, 2, "AA");
    // An outsider brings back a head of the list before, in which the first row is lost.
    auto draft = story.Decide();
    draft.head.spec = first;
    draft.board.shards[0] = {ShardStatus::kUnknown, story.Wall(), Reason::kLost, {}};
    story.CommitBy(kOutsider, draft);
    story.Take(3, 2, moved ? "?A" : "??");
    CHECK(story.tables.violations().size() == (moved ? 0 : 1));
  }
}

TEST_CASE("tables: a later head of the same epoch and sequence decides what the first had lost") {
  for (const bool decided : {true, false}) {
    Watched story;
    story.Take(1, 1, "AA");
    auto draft = story.Decide();
    draft.board.shards[0] = {ShardStatus::kUnknown, story.Wall(), Reason::kLost, {}};
    story.CommitBy(kOutsider, draft);
    // The head is made again as a new znode, and its sequence begins again.
    story.Remove(kOutsider, story.paths.head());
    if (decided) draft.board.shards[0] = {ShardStatus::kDead, story.Wall(), Reason::kTimeout, {}};
    story.CommitBy(kOutsider, draft);
    story.Take(2, 1, "DA");
    CHECK(story.tables.violations().size() == (decided ? 0 : 1));
  }
}

TEST_CASE("excuses: unknown because of another list") {
  for (const bool excused : {true, false}) {
    Watched story;
    story.Update([](ClusterSpec& spec) { spec.shards.push_back({"s3", "10.0.0.1:3"}); });
    if (!excused) story.Commit(story.Decide());
    story.Take(excused ? 1 : 2, 2, "?A?");
    story.Expect(Excuse::kUnknownByOtherList, excused);
  }
}

TEST_CASE("excuses: a lost head") {
  for (const bool excused : {true, false}) {
    Watched story;
    story.Take(1, 1, "AA");
    if (excused) story.Remove(kOutsider, story.paths.head());
    story.Take(0, 1, "AA");
    story.Expect(Excuse::kHeadLost, excused);
  }
}

TEST_CASE("excuses: missed tables") {
  for (const bool excused : {true, false}) {
    Watched story;
    story.Take(1, 1, "AA", 1);
    story.Update([](ClusterSpec& spec) { spec.shards.push_back({"s3", "10.0.0.1:3"}); });
    story.Take(1, 2, "?A?", excused ? 3 : 2);
    story.Expect(Excuse::kTablesMissed, excused);
  }
}

}  // namespace excuse_tables_test
