// Histories that break what holds of ghosts and of time.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/history/story.h"

namespace ghosts_and_time_test {

using namespace zkcluster;
using namespace zkcluster::history;
using namespace std::chrono_literals;

namespace {

using Draft = Story::Draft;

void Kill(Story& story) {
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
}

struct Row {
  std::string invariant;
  std::string what;
  std::function<void(SettledStory&)> play;
};

const std::vector<Row> kRows = {
    {"quorum", "a ballot without a session is counted",
     [](SettledStory& story) {
       story.Vote("c1", "DA");
       story.Vote("c3", "AA");
       story.End("c2");
       story.Write(0, story.paths.vote("c2"), EncodeBallot(story.BallotOf("DA")));
       story.Commit(story.Decide("D-"));
     }},
    {"ledger", "a candidate without a session is learned",
     [](SettledStory& story) {
       story.Write(
           0, story.paths.candidate(CandidatePrefix("g1", std::string(32, 'f')) + "0000000000"),
           "{}");
       Kill(story);
       Draft draft = story.Decide("D-");
       draft.ledger.electorate.insert("g1");
       draft.AddEvent(Event::Electorate{{"g1"}});
       story.Commit(draft);
     }},
    {"pause", "ended by the operator's clock, not by the stamp of the order",
     [](SettledStory& story) {
       story.Order(Event::Pause{}, [&](Ledger& ledger) {
         const auto version = story.tree.Get(story.paths.ledger())->stat.version + 1;
         ledger.pause = Pause{story.Wall() - 10min,         story.Wall() - 9min, "ann", "", "",
                              Undated{Micros(60s), version}};
       });
       Kill(story);
       Draft draft = story.Decide("D-");
       draft.ledger.pause.reset();
       draft.AddEvent(Event::Resume{});
       story.Commit(draft);
     }},
    {"pause", "left there long after its end",
     [](SettledStory& story) {
       story.Order(Event::Pause{}, [&](Ledger& ledger) {
         ledger.pause = Pause{story.Wall(), story.Wall() + 60s, "ann", ""};
       });
       story.Wait(10min);
       Kill(story);
       story.Commit(story.Decide("D-"));
     }},
    {"since", "a row is dated again, and nobody ordered it",
     [](SettledStory& story) {
       story.Wait(5s);
       Draft draft = story.Decide("--");
       draft.board.shards[0].since = story.Wall() - Micros(1);
       story.Commit(draft);
     }},
};

}  // namespace

TEST_CASE("ghosts and time: each violation is found by its name") {
  for (const Row& row : kRows) {
    CAPTURE(row.what);
    SettledStory story;
    REQUIRE_MESSAGE(story.Broken().empty(), story.Violations());
    row.play(story);
    CHECK_MESSAGE(story.Broken() == row.invariant, story.Violations());
  }
}

}  // namespace ghosts_and_time_test
