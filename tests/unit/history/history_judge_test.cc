// What the judge of histories accepts. bad_test.cc tests what it reports.
#include "tests/history/history_judge.h"

#include <doctest/doctest.h>

#include "tests/unit/history/story.h"

namespace history_judge_test {

using namespace zkcluster;
using namespace zkcluster::history;
using namespace std::chrono_literals;
using Draft = Story::Draft;

namespace {

// Every checker votes dead on s1.
void Kill(Story& story) {
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
}

}  // namespace

TEST_CASE("history: a correct history breaks nothing") {
  SettledStory story;
  Kill(story);
  story.Commit(story.Decide("D-"));
  // A spec that adds, removes and moves shards.
  story.Update([](ClusterSpec& spec) {
    spec.shards[1].addr = "10.0.0.9:2";
    spec.shards.push_back({"s3", "10.0.0.1:3"});
  });
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "D..");
  story.Commit(story.Decide());
  for (const char* id : {"c1", "c2"}) story.Vote(id, "DAA");
  story.Commit(story.Decide("-AA"));
  // The leader's session ends; the next leader learns c4 in a commit without checks of ballots.
  story.End("c1");
  story.TakeOver("c2");
  story.Join("c4");
  story.Vote("c4", "AAA");
  for (const char* id : {"c2", "c3"}) story.Vote(id, "AAA");
  Draft draft = story.Decide("A--");
  draft.checked.clear();
  story.Vote("c3", "DAA");
  story.Commit(draft);
  // A pause that ends at its time, and an id that is forgotten.
  story.Order(Event::Pause{}, [&](Ledger& ledger) {
    ledger.pause = Pause{story.Wall(), story.Wall() + 1s, "ann", ""};
  });
  story.Wait(2s);
  for (const char* id : {"c2", "c3", "c4"}) story.Vote(id, "ADA");
  draft = story.Decide("-D-");
  draft.ledger.pause.reset();
  Event resume;
  resume.what = Event::Resume{};
  resume.at = story.Wall();
  draft.events.insert(draft.events.begin(), resume);
  story.Commit(draft);
  story.Order(Event::Forget{{"c1"}}, [](Ledger& ledger) { ledger.electorate.erase("c1"); });
  // Deleted and created again: epochs and sequences begin again.
  for (const char* id : {"c2", "c3", "c4"}) story.End(id);
  story.Delete();
  story.Create(1);
  story.Join("c5");
  story.Vote("c5", "A");
  story.TakeOver("c5");
  story.Commit(story.Decide());
  CHECK_MESSAGE(story.Broken().empty(), story.Violations());
  const auto& counters = story.judge.counters();
  CHECK(counters.incarnations == 2);
  CHECK(counters.take_overs == 3);
  CHECK(counters.commits == 7);
  CHECK(counters.commits_unchecked == 1);
  CHECK(counters.flips == 7);
}

TEST_CASE("history: a patient shadow deposes, and each deposition asks for more patience") {
  HistoryJudge::Options options;
  options.shortest_session = 4s;
  const auto play = [&](Duration second) {
    SettledStory story(nullptr, options);
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
    story.Wait(500ms);
    story.TakeOver("c2", {}, {"c1"});
    story.Commit(story.Decide("D-"));
    story.Join("c1");
    for (const char* id : {"c2", "c3"}) story.Vote(id, "DD");
    story.Wait(second);
    story.TakeOver("c3", {}, {"c2"});
    CHECK(story.judge.counters().depositions == 2);
    return story.Broken();
  };
  CHECK(play(1s) == "");
  CHECK(play(900ms) == "patience");
}

TEST_CASE("history: ghosts make no deposition less owed") {
  SettledStory story;
  for (const char* ghost : {"g1", "g2", "g3", "g4"}) {
    story.Write(kOutsider, story.paths.vote(ghost), EncodeBallot(story.BallotOf("AA")));
    const auto prefix = CandidatePrefix(ghost, std::string(32, 'f'));
    story.Write(kOutsider, story.paths.candidate(prefix + "0000000000"), "{}");
  }
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
  story.Wait(500ms);
  story.TakeOver("c2", {}, {"c1"});
  CHECK_MESSAGE(story.Broken().empty(), story.Violations());
}

TEST_CASE("history: first failures oblige a leader where there is no status, and nowhere else") {
  for (const bool decided : {false, true}) {
    Story story;
    story.Create(2);
    for (const char* id : {"c1", "c2", "c3"}) story.Join(id);
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, decided ? "AA" : ".A");
    story.TakeOver("c1");
    story.Commit(story.Decide(decided ? "AA" : "-A"));
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "FA");
    story.Wait(500ms);
    story.TakeOver("c2", {}, {"c1"});
    CHECK(story.Broken() == (decided ? "patience" : ""));
  }
}

TEST_CASE("history: what is owed after the first decision is owed as after any other") {
  for (const Duration patience : {500ms, 400ms}) {
    Story story;
    story.Create(2);
    for (const char* id : {"c1", "c2", "c3"}) story.Join(id);
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "AA");
    story.TakeOver("c1");
    story.Wait(5s);
    story.Commit(story.Decide("AA"));
    story.Wait(5s);
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
    story.Wait(patience);
    story.TakeOver("c2", {}, {"c1"});
    CHECK(story.Broken() == (patience == 500ms ? "" : "patience"));
  }
}

TEST_CASE("history: a deposition may come just after the first decision, which it cannot check") {
  for (const Duration late : {900ms, 1100ms}) {
    Story story;
    story.Create(2);
    for (const char* id : {"c1", "c2", "c3"}) story.Join(id);
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "AA");
    story.TakeOver("c1");
    story.Wait(600ms);
    story.Commit(story.Decide("AA"));
    story.Wait(late);
    story.TakeOver("c2", {}, {"c1"});
    CHECK(story.Broken() == (late == 900ms ? "" : "patience"));
  }
}

TEST_CASE("history: first failures decide a shard that never had a status, and no other") {
  Story story;
  story.Create(2);
  for (const char* id : {"c1", "c2", "c3"}) story.Join(id);
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "FA");
  story.TakeOver("c1");
  story.Commit(story.Decide("DA"));
  CHECK(story.board.shards[0].counts == VoteCounts{0, 3, 0});
  story.Vote("c1", "DA");
  for (const char* id : {"c2", "c3"}) story.Vote(id, "AF");
  story.Commit(story.Decide("A-"));
  CHECK(story.Broken() == "");
}

TEST_CASE("history: an outsider's writes are not judged") {
  SettledStory story;
  for (const auto& path :
       {story.paths.head(), story.paths.chunk(0), story.paths.ledger(), story.paths.mirror(),
        story.paths.leader(), story.paths.vote("c1"), story.paths.vote("stranger")}) {
    story.Write(kOutsider, path, "bad");
  }
  CHECK_MESSAGE(story.Broken().empty(), story.Violations());
}

TEST_CASE("history: a leader may start from the mirror when it does not know the list before") {
  SettledStory story;
  story.Update([](ClusterSpec& spec) {
    // Another name at the same address: by the board it is new, by the mirror it is known.
    spec.shards[1].name = "other";
  });
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "AA");
  Draft draft = story.Decide();
  for (std::size_t i = 0; i < 2; ++i) {
    draft.board.shards[i] = {ShardStatus::kAlive, story.board.shards[i].since, Reason::kNone, {}};
  }
  story.Commit(draft);
  CHECK_MESSAGE(story.Broken().empty(), story.Violations());
}

TEST_CASE("history: an opinion on a server that was not probed") {
  std::set<std::string> probed = {"10.0.0.1:1"};
  HistoryJudge::Options options;
  options.probed = [&](std::int64_t, const std::string& addr) { return probed.contains(addr); };
  Story story(options);
  story.Create(2);
  story.Join("c1");
  story.Vote("c1", "A.");
  CHECK_MESSAGE(story.Broken().empty(), story.Violations());
  story.Vote("c1", "AA");
  CHECK_MESSAGE(story.Broken() == "silent_vote", story.Violations());
}

TEST_CASE("history: with refusals reported, a commit may omit checks of ballots only after two") {
  HistoryJudge::Options options;
  options.refusals_reported = true;
  for (const int refusals : {0, 1, 2}) {
    CAPTURE(refusals);
    SettledStory story(nullptr, options);
    Kill(story);
    Draft draft = story.Decide("D-");
    draft.checked.clear();
    for (int i = 0; i < refusals; ++i) {
      story.judge.ObserveRefusal(story.SessionOf("c1"), story.paths.vote("c2"));
    }
    story.Commit(draft);
    CHECK_MESSAGE(story.Broken() == (refusals < 2 ? "quorum" : ""), story.Violations());
  }
}

}  // namespace history_judge_test
