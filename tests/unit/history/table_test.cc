// Compares clients' tables with the heads in ZooKeeper; and transactions in readable lines.
#include "tests/history/table_judge.h"

#include <doctest/doctest.h>

#include "tests/history/describe.h"
#include "tests/unit/history/story.h"

namespace table_test {

using namespace zkcluster;
using namespace zkcluster::history;

namespace {

// Heads of the story: sequence 1 AA (version 1), 2 DA, 3 DA and ? (version 2: s3 is new),
// 4 AA? in epoch 2.
struct Tables {
  Tables() {
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
    story.Commit(story.Decide("D-"));
    story.Update([](ClusterSpec& spec) { spec.shards.push_back({"s3", "10.0.0.1:3"}); });
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA.");
    story.Commit(story.Decide());
    story.End("c1");
    story.TakeOver("c2");
    for (const char* id : {"c2", "c3"}) story.Vote(id, "AA.");
    story.Commit(story.Decide("A--"));
    REQUIRE_MESSAGE(story.Broken().empty(), story.Violations());
  }
  void Take(std::int64_t epoch, std::int64_t sequence, std::uint64_t version,
            const std::string& statuses, std::uint64_t generation = 0) {
    judge.Observe({"app", "c", epoch, sequence, version, generation, statuses});
  }
  [[nodiscard]] std::size_t Broken() const { return judge.violations().size(); }

  SettledStory story;
  TableJudge judge{story.judge};
};

}  // namespace

TEST_CASE("tables: a client goes forward, and shows each decision as written or carried over") {
  Tables tables;
  tables.Take(1, 1, 1, "AA");
  tables.Take(1, 1, 1, "AA");
  tables.Take(1, 2, 1, "DA");
  tables.Take(1, 2, 2, "DA?");  // the new list comes before its head
  tables.Take(1, 3, 2, "DA?");
  tables.Take(2, 4, 2, "AA?");
  CHECK(tables.Broken() == 0);
  CHECK(tables.judge.tables() == 6);
}

TEST_CASE("tables: a list is found by its version and by its names, where these are known") {
  for (const bool same : {true, false}) {
    Tables tables;
    ClientTable table{"app", "c", 2, 4, 2, 0, "AA?"};
    table.names = {same ? "s1" : "s2", same ? "s2" : "s1", "s3"};
    tables.judge.Observe(table);
    CHECK(tables.Broken() == (same ? 0 : 1));
  }
}

TEST_CASE("tables: nothing is decided yet, and a client that starts late") {
  Tables tables;
  tables.Take(0, 0, 1, "??");
  tables.Take(2, 4, 2, "AA?");
  CHECK(tables.Broken() == 0);
}

TEST_CASE("tables: each bad table is reported") {
  struct Bad {
    std::string what;
    std::function<void(Tables&)> take;
  };
  const std::vector<Bad> all = {
      {"an earlier decision", [](Tables& t) { t.Take(1, 1, 1, "AA"); }},
      {"an earlier spec", [](Tables& t) { t.Take(1, 3, 1, "DA"); }},
      {"nothing after a decision", [](Tables& t) { t.Take(0, 0, 2, "???"); }},
      {"statuses that no head had", [](Tables& t) { t.Take(2, 4, 2, "DA?"); }},
      {"a decision that never happened", [](Tables& t) { t.Take(2, 5, 2, "AA?"); }},
      {"a spec that never existed", [](Tables& t) { t.Take(2, 4, 7, "AA?"); }},
      {"the wrong length", [](Tables& t) { t.Take(2, 4, 2, "AA"); }},
      {"a new shard is known before it is decided", [](Tables& t) { t.Take(1, 3, 2, "DAA"); }},
      {"the generation does not grow", [](Tables& t) { t.Take(2, 4, 2, "AA?", 1); }},
  };
  for (const Bad& bad : all) {
    CAPTURE(bad.what);
    Tables tables;
    tables.Take(1, 3, 2, "DA?", 1);
    REQUIRE(tables.Broken() == 0);
    bad.take(tables);
    CHECK(tables.Broken() == 1);
    CHECK(tables.judge.violations()[0].invariant == "older_table");
  }
}

TEST_CASE("tables: another incarnation begins again") {
  Tables tables;
  tables.Take(2, 4, 2, "AA?");
  for (const char* id : {"c2", "c3"}) tables.story.End(id);
  tables.story.Delete();
  tables.story.Create(1);
  tables.story.Join("c5");
  tables.story.TakeOver("c5");
  tables.story.Commit(tables.story.Decide());
  tables.Take(1, 1, 3, "?");
  CHECK(tables.Broken() == 0);
  tables.Take(2, 4, 2, "AA?");
  CHECK(tables.Broken() == 1);
}

TEST_CASE("tables: only a client whose last head was lost may forget its decision") {
  SettledStory story;
  TableJudge judge(story.judge);
  judge.Observe({"app", "c", 1, 1, 1, 0, "AA"});
  story.Remove(kOutsider, story.paths.head());
  judge.Observe({"app", "c", 0, 0, 1, 0, "AA"});  // from the mirror
  CHECK(judge.violations().empty());
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DD");
  story.Commit(story.Decide("DD"));
  REQUIRE_MESSAGE(story.Broken().empty(), story.Violations());
  judge.Observe({"app", "c", 1, 1, 1, 0, "DD"});  // from another head, whose numbers begin again
  CHECK(judge.violations().empty());
  judge.Observe({"app", "c", 0, 0, 1, 0, "AA"});
  CHECK(judge.violations().size() == 1);
}

TEST_CASE("tables: after a chunk was removed, its version is meaningless") {
  SettledStory story;
  story.Remove(kOutsider, story.paths.chunk(0));
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DD");
  story.board = {{{}, {}}};
  story.Commit(story.Decide("DD"));
  REQUIRE_MESSAGE(story.Broken().empty(), story.Violations());
  TableJudge judge(story.judge);
  judge.Observe({"app", "c", 1, 2, 1, 0, "AA"});  // chunk 0 has version 0, as the last one had
  CHECK(judge.violations().empty());
}

TEST_CASE("describe: a commit, a take-over, a ballot, the end of a session") {
  SettledStory story;
  const auto last = [&] { return DescribeTransaction(story.history.back(), TimePoint()); };
  CHECK(last() ==
        "zxid 0xa +1.100 s c c1: commit epoch 1 seq 1 quorum 2 of 3 spec 1 of 0x2; ledger of [c1 "
        "c2 c3]; electorate c1 c2 c3; s1 unknown->alive (3/0/0), s2 unknown->alive (3/0/0) "
        "[checks: candidate, votes c1 c2 c3]");
  story.Vote("c2", "D?");
  CHECK(last() == "zxid 0xb +1.110 s c c2: sets ballot 1 on spec 1 of 0x2: D?");
  story.End("c1");
  CHECK(last() ==
        "zxid 0xc +1.120 s c session 0x101: session ends: removes candidate "
        "c1-ffffffffffffffffffffffffffffffff-0000000000; removes the ballot of c1");
  story.TakeOver("c2");
  CHECK(last() == "zxid 0xd +1.130 s c c2: takes over as c2 in epoch 2 [checks: candidate]");
  story.Update([](ClusterSpec& spec) { spec.failover = false; });
  CHECK(last() == "zxid 0xe +1.140 s c session 0x900: writes the spec 2");
  story.Write(kOutsider, story.paths.head(), "bad");
  CHECK(last() == "zxid 0xf +1.150 s c outsider: sets an undecodable head");
}

}  // namespace table_test
