// Tests each excuse of the judge of histories in two stories that differ little: in one the excuse
// applies, is counted, and nothing is broken; in the other it does not apply, and a rule is broken.
#include "tests/history/excuse.h"

#include <doctest/doctest.h>

#include "tests/unit/history/story.h"

namespace excuse_test {

using namespace zkcluster;
using namespace zkcluster::history;
using namespace std::chrono_literals;

namespace {

using Draft = Story::Draft;
using Act = std::function<void(SettledStory&, bool excused)>;

struct Case {
  Excuse excuse;
  std::string broken;  // the rule that is broken where the excuse does not apply
  Act act;
  HistoryJudge::Options options = {};
};

void VoteAll(Story& story, std::string_view letters) {
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, letters);
}

ShardState& FirstRow(Draft& draft) {
  return draft.board.shards[0];
}

// Rows from the mirror, without a decision.
Draft ByMirror(const SettledStory& story) {
  Draft draft = story.Decide();
  for (std::size_t i = 0; i < 2; ++i) {
    draft.board.shards[i] = {ShardStatus::kAlive, story.board.shards[i].since, Reason::kNone, {}};
  }
  return draft;
}

// The row of s1 is unreadable before the commit, and lost after it. There is no mirror.
Draft LoseFirst(SettledStory& story) {
  story.Update([](ClusterSpec& spec) { spec.mirror_limit = 0; });
  VoteAll(story, "AA");
  Draft draft = story.Decide();
  draft.mirror = "{}";
  story.Commit(draft);
  story.Write(kOutsider, story.paths.chunk(0), "bad");
  draft = story.Decide();
  draft.mirror = "{}";
  for (auto& row : draft.board.shards) {
    row = ShardState{ShardStatus::kUnknown, story.Wall(), Reason::kLost, {}};
  }
  return draft;
}

void OrderPause(SettledStory& story) {
  story.Order(Event::Pause{}, [&](Ledger& ledger) {
    ledger.pause = Pause{story.Wall(), story.Wall() + 60s, "ann", ""};
  });
}

void Rename(SettledStory& story) {
  story.Update([](ClusterSpec& spec) { spec.shards[1].name = "other"; });
}

HistoryJudge::Options RefusalsReported() {
  HistoryJudge::Options options;
  options.refusals_reported = true;
  return options;
}

// --- who writes, and when ---

void OperatorRemoves(SettledStory& story, bool excused) {
  story.Remove(excused ? kOperator : story.SessionOf("c2"), story.paths.chunk(0));
}

void SequenceEnds(SettledStory& story, bool excused) {
  for (const char* id : {"c1", "c2", "c3"}) story.End(id);
  story.tree.SetSequence(story.paths.election(), 5);
  story.Join("c4");
  if (excused) story.tree.SetSequence(story.paths.election(), 3);
  story.Join("c5");
  story.TakeOver(excused ? "c4" : "c5");
}

void JournalRemoved(SettledStory& story, bool excused) {
  if (excused) {
    for (const auto& event : story.Children(story.paths.events())) {
      story.Remove(kOutsider, story.paths.events() + "/" + event);
    }
  }
  story.Remove(kOutsider, story.paths.head());
  story.Remove(kOutsider, story.paths.leader());
  story.TakeOver("c1", 1);
}

void HeadRecreated(SettledStory& story, bool excused) {
  const std::string head = EncodeHead(*story.LastHead());
  const std::string path = story.paths.head();
  if (excused) {
    story.Send(story.SessionOf("c1"),
               {zk::DeleteOp{path, zk::kAnyVersion}, zk::CreateOp{path, head}});
  } else {
    story.Write(story.SessionOf("c1"), path, head);
  }
}

void SequenceByOutsider(SettledStory& story, bool excused) {
  Head head = *story.LastHead();
  head.sequence = 1000;
  if (excused) story.Write(kOutsider, story.paths.head(), EncodeHead(head));
  story.Write(kOutsider, story.paths.head(), "bad");
  story.Commit(ByMirror(story));
}

void SpecUndecodable(SettledStory& story, bool excused) {
  const SpecId first = story.Id();
  story.Update([](ClusterSpec& spec) { spec.failover = false; });
  if (excused) story.Write(kOutsider, story.paths.options(), "bad");
  Draft draft = story.Decide();
  draft.head.spec = first;
  draft.events.clear();
  draft.checked = {"c1", "c2", "c3"};
  story.Commit(draft);
}

void SpecOfEarlierLife(SettledStory& story, bool excused) {
  Ballot ballot = story.BallotOf("AA");
  for (const char* id : {"c1", "c2", "c3"}) story.End(id);
  story.Delete();
  story.Create(2);
  story.Join("c4");
  if (!excused) ballot.spec.version = 77;
  story.Write(story.SessionOf("c4"), story.paths.vote("c4"), EncodeBallot(ballot),
              zk::CreateMode::kEphemeral);
}

void BallotsUnchecked(SettledStory& story, bool excused) {
  VoteAll(story, "DA");
  Draft draft = story.Decide("D-");
  draft.checked.clear();
  for (int i = 0; i < (excused ? 2 : 1); ++i) {
    story.judge.ObserveRefusal(story.SessionOf("c1"), story.paths.vote("c2"));
  }
  story.Commit(draft);
}

void LooksBack(SettledStory& story, bool excused) {
  VoteAll(story, "DA");
  Draft draft = story.Decide("D-");
  draft.checked.clear();
  VoteAll(story, "AA");
  if (!excused) {
    for (int i = 0; i < 60; ++i) story.Vote("c1", "AA");
    story.Wait(10s);
    story.Vote("c1", "AA");
  }
  story.Commit(draft);
}

void ReasonUnchecked(SettledStory& story, bool excused) {
  VoteAll(story, "DA");
  Draft draft = story.Decide("D-");
  FirstRow(draft).reason = Reason::kRefused;
  std::get<Event::Flips>(draft.events.back().what).flips[0].reason = Reason::kRefused;
  if (excused) draft.checked.clear();
  story.Commit(draft);
}

void GhostOfOwn(SettledStory& story, bool excused) {
  const std::string own = story.CandidateOf("c2");
  story.Remove(kOutsider, own);
  const std::string guid(32, 'f');
  const ClusterPaths& paths = story.paths;
  story.Write(kOutsider,
              excused ? own : paths.candidate(CandidatePrefix("c2", guid) + "0000000000"), "{}");
  story.Vote("c2", "AD");
}

void GhostOfOwnBallot(SettledStory& story, bool excused) {
  story.Join("c4");  // it has no ballot that a ghost could replace
  const std::string id = excused ? "c2" : "c4";
  if (excused) story.Remove(kOutsider, story.paths.vote(id));
  story.Write(kOutsider, story.paths.vote(id), EncodeBallot(story.BallotOf("AA")));
  story.Vote(id, "AD");
}

void GhostTakesOver(SettledStory& story, bool excused) {
  const std::string own = story.CandidateOf("c2");
  story.Remove(kOutsider, own);
  if (excused) story.Write(kOutsider, own, "{}");
  story.End("c1");
  story.TakeOver("c2");
}

void GhostOfCounted(SettledStory& story, bool excused) {
  story.Join("c4");  // it has never voted
  VoteAll(story, "DA");
  const std::string id = excused ? "c2" : "c4";
  if (excused) {
    story.Remove(story.SessionOf("c2"), story.paths.vote("c2"));
    story.Vote("c2", "AA");
    story.Remove(kOutsider, story.paths.vote("c2"));
  }
  story.Write(kOutsider, story.paths.vote(id), EncodeBallot(story.BallotOf("AA")));
  story.Commit(story.Decide("D-"));
}

void GoVoterUnknown(SettledStory& story, bool excused) {
  story.Write(0x800, story.paths.go_voters() + "/n_0000000000", "{}", zk::CreateMode::kEphemeral);
  if (!excused) story.Wait(60s);
  VoteAll(story, "DA");
  story.Commit(story.Decide("D-"));
}

// --- what a commit says ---

void NoListByMirror(SettledStory& story, bool excused) {
  story.Remove(kOutsider, story.paths.head());
  Draft draft = ByMirror(story);
  if (!excused) FirstRow(draft).since += 1s;
  story.Commit(draft);
}

void ListByMirror(SettledStory& story, bool excused) {
  if (excused) {
    Rename(story);
  } else {
    story.Update([](ClusterSpec& spec) { spec.failover = false; });
    story.Commit(story.Decide());
  }
  story.Commit(ByMirror(story));
}

void RowsByMirror(SettledStory& story, bool excused) {
  if (excused) story.Write(kOutsider, story.paths.chunk(0), "bad");
  story.Commit(ByMirror(story));
}

// A Go checker came, decided, and left.
constexpr std::int64_t kGo = 0x800;
void GoDecides(SettledStory& story, const ShardState& first) {
  StatusBoard board = story.board;
  board.shards[0] = first;
  story.Write(kGo, story.paths.mirror(), EncodeMirror(story.spec.shards, board));
}

void RowsByGo(SettledStory& story, bool excused) {
  const std::string voter = story.paths.go_voters() + "/n_0000000000";
  if (excused) story.Write(kGo, voter, "{}", zk::CreateMode::kEphemeral);
  const ShardState dead{ShardStatus::kDead, story.Wall(), Reason::kNone, {}};
  GoDecides(story, dead);
  story.EndSession(kGo);
  Draft draft = story.Decide();
  FirstRow(draft) = dead;
  story.Commit(draft);
}

void RowsAsUnknown(SettledStory& story, bool excused) {
  if (excused) story.Write(kOutsider, story.paths.chunk(0), "bad");
  story.board = {{{}, {}}};
  story.Commit(story.Decide("AA"));
}

void ForgotWithMirror(SettledStory& story, bool excused) {
  if (!excused) {
    story.Update([](ClusterSpec& spec) { spec.mirror_limit = 0; });
    Draft draft = story.Decide();
    draft.mirror = "{}";
    story.Commit(draft);
  }
  for (const char* id : {"c2", "c3"}) story.End(id);
  story.Write(kOutsider, story.paths.chunk(0), "bad");
  Draft draft = ByMirror(story);
  if (!excused) {
    draft.mirror = "{}";
    draft.board = {{{}, {}}};
  }
  story.Commit(draft);
}

void LostHeld(SettledStory& story, bool excused) {
  if (excused) {
    story.Order(Event::Maintenance{}, [&](Ledger& ledger) {
      ledger.maintenance["s1"] = {story.Wall(), story.Wall() + 60s, "ann", ""};
    });
  }
  Draft draft = LoseFirst(story);
  // (Too few ballots have an opinion on s2.)
  for (const char* id : {"c2", "c3"}) story.Vote(id, "A?");
  story.Commit(draft);
}

void LostUnchecked(SettledStory& story, bool excused) {
  Draft draft = LoseFirst(story);
  for (const char* id : {"c2", "c3"}) story.Vote(id, "A.");
  if (excused) {
    // The ballots say nothing about s2 either; only s1 is certainly alive.
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "A.");
    for (int i = 0; i < 60; ++i) story.Vote("c1", "A.");
    story.Wait(10s);
    story.Vote("c1", "A.");
    story.Vote("c1", "A.");
    draft.checked.clear();
  }
  story.Commit(draft);
}

// The row of s1 was written after its flip: lost, or decided again. The mirror knows the flip itself.
void SinceOfLost(SettledStory& story, bool excused) {
  const StatusBoard decided = story.board;
  const std::string mirror = EncodeMirror(story.spec.shards, decided);
  Draft draft = story.Decide();
  const ShardStatus status = excused ? ShardStatus::kUnknown : ShardStatus::kDead;
  FirstRow(draft) = {status, story.Wall(), excused ? Reason::kLost : Reason::kTimeout, {}};
  story.CommitBy(kOutsider, draft);
  story.Write(kOutsider, story.paths.mirror(), mirror);
  Rename(story);
  story.board = decided;
  story.Commit(ByMirror(story));
}

void PausedByMirror(SettledStory& story, bool excused) {
  OrderPause(story);
  if (excused) {
    Rename(story);
    return story.Commit(ByMirror(story));
  }
  VoteAll(story, "DA");
  story.Commit(story.Decide("D-"));
}

void HeadInvented(SettledStory& story, bool excused) {
  Head head = *story.LastHead();
  if (excused) {
    head.spec.shards_zxid = 0x9999;
    story.Write(kOutsider, story.paths.head(), EncodeHead(head));
    return story.Commit(ByMirror(story));
  }
  const SpecId first = story.Id();
  story.Update([](ClusterSpec& spec) { spec.failover = false; });
  story.Commit(story.Decide());
  story.Write(kOutsider, story.paths.options(), "bad");
  Draft draft = story.Decide();
  draft.head.spec = first;
  draft.AddEvent(Event::Spec{});
  story.Commit(draft);
}

void MirrorLeft(SettledStory& story, bool excused) {
  story.Write(kOutsider, story.paths.mirror(), "{}");
  Draft draft = story.Decide();
  draft.mirror = "{}";
  draft.writes_mirror = !excused;
  story.Commit(draft);
}

void MirrorByOutsider(SettledStory& story, bool excused) {
  if (excused) story.Write(kOutsider, story.paths.mirror(), "{}");
  VoteAll(story, "DA");
  Draft draft = story.Decide("D-");
  draft.writes_mirror = false;
  story.Commit(draft);
}

// --- the ledger ---

void LedgerLost(SettledStory& story, bool excused) {
  if (excused) {
    story.Remove(kOutsider, story.paths.ledger());
  } else {
    story.Join("c4");
  }
  Draft draft = story.Decide();
  draft.events.clear();
  story.Commit(draft);
}

void MaintainedShardLeft(SettledStory& story, bool excused) {
  story.Order(Event::Maintenance{}, [&](Ledger& ledger) {
    ledger.maintenance["s2"] = {story.Wall(), story.Wall() + 60s, "ann", ""};
  });
  if (excused) story.Update([](ClusterSpec& spec) { spec.shards.pop_back(); });
  Draft draft = story.Decide();
  draft.ledger.maintenance.clear();
  draft.AddEvent(Event::MaintenanceOver{{"s2"}});
  draft.events.back().at = story.Wall();
  story.Commit(draft);
}

void AcceptedFreeze(SettledStory& story, bool excused) {
  story.Update([](ClusterSpec& spec) { spec.max_dead_fraction = 0.5; });
  VoteAll(story, "DD");
  Draft draft = story.Decide();
  draft.ledger.freeze.frozen = true;
  draft.AddEvent(Event::Freeze{});
  story.Commit(draft);
  VoteAll(story, "AA");
  if (excused) {
    story.Order(Event::Unfreeze{}, [](Ledger& ledger) { ledger.freeze.accept = true; });
  }
  draft = story.Decide();
  draft.ledger.freeze = {};
  story.Commit(draft);
}

void ManyPenalties(SettledStory& story, bool excused) {
  VoteAll(story, "DA");
  story.Commit(story.Decide("D-"));
  Ledger ledger = *DecodeLedger(story.tree.Get(story.paths.ledger())->data);
  for (int i = 0; i < (excused ? 500 : 499); ++i) {
    ledger.penalties["gone" + std::to_string(i)] = {1, Micros(1)};
  }
  story.Write(kOutsider, story.paths.ledger(), EncodeLedger(ledger));
  VoteAll(story, "AA");
  Draft draft = story.Decide("A-");
  draft.ledger.penalties.erase("s1");
  story.Commit(draft);
}

void ReturnOnNewList(SettledStory& story, bool excused) {
  VoteAll(story, "DA");
  story.Commit(story.Decide("D-"));
  if (excused) story.Update([](ClusterSpec& spec) { spec.failover = false; });
  VoteAll(story, "AA");
  Draft draft = story.Decide("A-");
  draft.ledger.penalties.erase("s1");
  story.Commit(draft);
}

const std::vector<Case> kCases = {
    {Excuse::kOperatorRemoved, "one_leader", OperatorRemoves},
    {Excuse::kSequenceEnded, "takeover", SequenceEnds},
    {Excuse::kJournalRemoved, "epoch", JournalRemoved},
    {Excuse::kHeadRecreated, "epoch", HeadRecreated},
    {Excuse::kSequenceByOutsider, "epoch", SequenceByOutsider},
    {Excuse::kSpecUndecodable, "spec", SpecUndecodable},
    {Excuse::kSpecOfEarlierLife, "ballot", SpecOfEarlierLife},
    {Excuse::kBallotsUnchecked, "quorum", BallotsUnchecked, RefusalsReported()},
    {Excuse::kLookback, "quorum", LooksBack},
    {Excuse::kReasonUnchecked, "quorum", ReasonUnchecked},
    {Excuse::kGhostOfOwn, "ballot", GhostOfOwn},
    {Excuse::kGhostOfOwn, "ballot", GhostOfOwnBallot},
    {Excuse::kGhostOfOwn, "head_numbers,quorum", GhostOfCounted},
    {Excuse::kGhostOfOwn, "takeover", GhostTakesOver},
    {Excuse::kGoVoterUnknown, "go_hold", GoVoterUnknown},
    {Excuse::kNoListByMirror, "since", NoListByMirror},
    {Excuse::kListByMirror, "since", ListByMirror},
    {Excuse::kRowsByMirror, "since", RowsByMirror},
    {Excuse::kRowsByGo, "journal,quorum", RowsByGo},
    {Excuse::kRowsAsUnknown, "journal,since", RowsAsUnknown},
    {Excuse::kForgotWithMirror, "since", ForgotWithMirror},
    {Excuse::kLostHeld, "since", LostHeld},
    {Excuse::kLostUnchecked, "since", LostUnchecked},
    {Excuse::kSinceOfLost, "since", SinceOfLost},
    {Excuse::kPausedByMirror, "pause", PausedByMirror},
    {Excuse::kHeadInvented, "spec", HeadInvented},
    {Excuse::kMirrorLeft, "spec", MirrorLeft},
    {Excuse::kMirrorByOutsider, "spec", MirrorByOutsider},
    {Excuse::kLedgerLost, "journal", LedgerLost},
    {Excuse::kMaintainedShardLeft, "maintenance", MaintainedShardLeft},
    {Excuse::kAcceptedFreeze, "journal", AcceptedFreeze},
    {Excuse::kManyPenalties, "ledger", ManyPenalties},
    {Excuse::kReturnOnNewList, "ledger", ReturnOnNewList},
};

}  // namespace

TEST_CASE("excuses: each is counted where it applies, and otherwise a rule is broken") {
  for (const Case& one : kCases) {
    CAPTURE(ExcuseName(one.excuse));
    for (const bool excused : {true, false}) {
      CAPTURE(excused);
      SettledStory story(nullptr, one.options);
      REQUIRE_MESSAGE(story.judge.excuses().Sum() == 0, "a correct history needs no excuse");
      one.act(story, excused);
      CHECK_MESSAGE(story.Broken() == (excused ? "" : one.broken), story.Violations());
      CHECK(story.judge.excuses()[one.excuse] == (excused ? 1 : 0));
    }
  }
}

TEST_CASE("mirror: an old board over a Go status is a flip for Go clients") {
  for (const bool paused : {false, true}) {
    SettledStory story;
    for (const char* id : {"c2", "c3"}) story.End(id);
    if (paused) OrderPause(story);
    story.Write(kGo, story.paths.go_voters() + "/n_0000000000", "{}", zk::CreateMode::kEphemeral);
    GoDecides(story, {ShardStatus::kDead, story.Wall(), Reason::kNone, {}});
    story.EndSession(kGo);
    story.Commit(story.Decide());
    CHECK_MESSAGE(story.Broken() == (paused ? "mirror,pause" : "mirror"), story.Violations());
  }
}

TEST_CASE("mirror: what a Go checker writes after its interlude does not stay") {
  SettledStory story;
  for (const char* id : {"c2", "c3"}) story.End(id);
  OrderPause(story);
  story.Write(kGo, story.paths.go_voters() + "/n_0000000000", "{}", zk::CreateMode::kEphemeral);
  story.Remove(kOutsider, story.paths.go_voters() + "/n_0000000000");
  story.Commit(story.Decide());
  GoDecides(story, {ShardStatus::kDead, story.Wall(), Reason::kNone, {}});
  story.Commit(story.Decide());
  CHECK_MESSAGE(story.Broken().empty(), story.Violations());
}

TEST_CASE("yield: the head goes for Go checkers only, and the status stays") {
  const auto yield = [](SettledStory& story, bool writes_mirror) {
    std::vector<zk::Op> ops{zk::CheckOp{story.CandidateOf("c1"), 0}};
    if (writes_mirror) ops.push_back(zk::SetOp{story.paths.mirror(), "{}", zk::kAnyVersion});
    ops.push_back(zk::DeleteOp{story.paths.head(), zk::kAnyVersion});
    story.Send(story.SessionOf("c1"), ops);
  };
  const auto comes = [](SettledStory& story) {
    story.Write(kGo, story.paths.go_voters() + "/n_0000000000", "{}", zk::CreateMode::kEphemeral);
  };
  SettledStory good;
  comes(good);
  yield(good, false);
  CHECK_MESSAGE(good.Broken() == "", good.Violations());
  SettledStory alone;
  yield(alone, false);
  CHECK_MESSAGE(alone.Broken() == "go_hold", alone.Violations());
  SettledStory forgets;
  comes(forgets);
  yield(forgets, true);
  CHECK_MESSAGE(forgets.Broken() == "mirror", forgets.Violations());
}

}  // namespace excuse_test
