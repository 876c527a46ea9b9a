// Bad histories that an excuse used to hide, or that no rule covered: what a leader does and does
// not record in the journal, what it accepts without an order, and what clients take as new.
#include <doctest/doctest.h>

#include "tests/history/table_judge.h"
#include "tests/unit/history/story.h"

namespace reported_test {

using namespace zkcluster;
using namespace zkcluster::history;

namespace {

using Draft = Story::Draft;

// At most two of the four shards may be dead. Every checker votes `letters`.
struct FreezingStory : SettledStory {
  explicit FreezingStory(std::string_view letters) {
    Update([](ClusterSpec& wider) {
      wider.max_dead_fraction = 0.5;
      for (int i = 3; i <= 4; ++i)
        wider.shards.push_back({"s" + std::to_string(i), "10.0.0.1:" + std::to_string(i)});
    });
    VoteAll("AAAA");
    Commit(Decide("--AA"));
    VoteAll(letters);
  }
  void VoteAll(std::string_view letters) {
    for (const char* id : {"c1", "c2", "c3"}) Vote(id, letters);
  }
  void Freeze() {
    Draft draft = Decide();
    draft.ledger.freeze.frozen = true;
    draft.AddEvent(Event::Freeze{});
    Commit(draft);
    REQUIRE_MESSAGE(Broken().empty(), Violations());
  }
  void Accept() {
    Order(Event::Unfreeze{}, [](Ledger& ledger) { ledger.freeze.accept = true; });
  }
};

}  // namespace

TEST_CASE("journal: a change of the spec") {
  for (const bool recorded : {true, false}) {
    SettledStory story;
    story.Update([](ClusterSpec& spec) { spec.failover = false; });
    Draft draft = story.Decide();
    if (!recorded) draft.events.clear();
    story.Commit(draft);
    CHECK(story.Broken() == (recorded ? "" : "journal"));
  }
}

TEST_CASE("journal: a freeze, and its end") {
  FreezingStory untold("DDDA");
  Draft draft = untold.Decide();
  draft.ledger.freeze.frozen = true;
  untold.Commit(draft);
  CHECK(untold.Broken() == "journal");

  for (const bool recorded : {true, false}) {
    FreezingStory story("DDDA");
    story.Freeze();
    story.VoteAll("DAAA");
    Draft end = story.Decide();
    end.ledger.freeze = {};
    if (recorded) end.AddEvent(Event::Unfreeze{});
    story.Commit(end);
    CHECK(story.Broken() == (recorded ? "" : "journal"));
  }
}

TEST_CASE("freeze: it does not end while too few votes say which shards are dead") {
  FreezingStory story("DDDA");
  story.Freeze();
  for (const char* id : {"c2", "c3"}) story.End(id);
  Draft end = story.Decide();
  end.ledger.freeze = {};
  end.AddEvent(Event::Unfreeze{});
  story.Commit(end);
  CHECK(story.Broken() == "freeze");
}

TEST_CASE("freeze: no more deaths are accepted than there are, and none without an order") {
  for (const int accepted : {3, 4}) {
    FreezingStory story("DDDA");
    story.Freeze();
    story.Accept();
    Draft draft = story.Decide("DDD-");
    draft.ledger.freeze = {false, Micros(0), 3, false, accepted};
    story.Commit(draft);
    CHECK(story.Broken() == (accepted == 3 ? "" : "freeze"));
  }
  FreezingStory story("AAAA");
  Draft draft = story.Decide();
  draft.ledger.freeze.accepted = 1;
  story.Commit(draft);
  CHECK(story.Broken() == "freeze");
}

TEST_CASE("ledger: a shard that returns from dead has a penalty") {
  for (const bool owes : {true, false}) {
    FreezingStory story("DAAA");
    story.Commit(story.Decide("D---"));
    story.VoteAll("AAAA");
    Draft draft = story.Decide("A---");
    if (!owes) draft.ledger.penalties.clear();
    story.Commit(draft);
    CHECK(story.Broken() == (owes ? "" : "ledger"));
  }
}

TEST_CASE("tables: Since is the row's, and a change of the spec forgets nothing") {
  FreezingStory story("DAAA");
  story.Commit(story.Decide("D---"));
  std::vector<Micros> since;
  for (const auto& row : story.board.shards) since.push_back(row.since);
  story.Update([](ClusterSpec& spec) { spec.shards.push_back({"s5", "10.0.0.1:5"}); });
  const ClientTable good{"app", "c", 1, 3, 2, 0, "DAAA", since};
  TableJudge judge(story.judge);
  judge.Observe(good);
  CHECK(judge.violations().empty());
  SUBCASE("no Since") {
    ClientTable bad = good;
    bad.since[0] = Micros(0);
    judge.Observe(bad);
    CHECK(judge.violations().size() == 1);
  }
  SUBCASE("a death is carried over") {
    judge.Observe({"app", "c", 1, 3, 3, 0, "DAAA?", {}});
    CHECK(judge.violations().empty());
  }
  SUBCASE("or forgotten") {
    judge.Observe({"app", "c", 1, 3, 3, 0, "?AAA?", {}});
    CHECK(judge.violations().size() == 1);
  }
}

TEST_CASE("tables: a removed chunk does not excuse a head that is a new znode") {
  for (const bool recreated : {false, true}) {
    FreezingStory story("DAAA");
    story.Remove(kOutsider, story.paths.chunk(0));
    if (recreated) story.Remove(kOutsider, story.paths.head());
    story.Commit(story.Decide("D---"));
    TableJudge judge(story.judge);
    judge.Observe({"app", "c", 1, recreated ? 1 : 3, 2, 0, "AAAA", {}});
    CHECK(judge.violations().size() == (recreated ? 1 : 0));
  }
}

}  // namespace reported_test
