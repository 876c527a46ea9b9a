// Bad histories, each as small as possible. Each breaks exactly the invariant that its row names.
#include <doctest/doctest.h>

#include "tests/unit/history/story.h"

namespace bad_test {

using namespace zkcluster;
using namespace zkcluster::history;
using namespace std::chrono_literals;

namespace {

using Draft = Story::Draft;

struct Bad {
  std::string invariant;
  std::string what;
  std::function<void(SettledStory&)> corrupt;
};

// Every checker votes dead on s1.
void Kill(Story& story) {
  for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DA");
}

// A commit that is right until `corrupt` changes it.
std::function<void(SettledStory&)> Commit(
    std::string letters, const std::function<void(SettledStory&, Draft&)>& corrupt) {
  return [letters, corrupt](SettledStory& story) {
    Kill(story);
    Draft draft = story.Decide(letters);
    corrupt(story, draft);
    story.Commit(draft);
  };
}

ShardState& FirstRow(Draft& draft) {
  return draft.board.shards[0];
}

Event::Flips& Flips(Draft& draft) {
  return std::get<Event::Flips>(draft.events.back().what);
}

// The same in a story of its own, with another spec of two shards.
std::function<void(SettledStory&)> Elsewhere(const Story::Edit& edit,
                                             const std::function<void(SettledStory&)>& act) {
  return [edit, act](SettledStory& story) {
    story.Update(edit);
    for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "AA");
    story.Commit(story.Decide());
    act(story);
  };
}

const std::vector<Bad> kBad = {
    // --- quorum ---
    {"quorum", "one dead vote of three",
     [](SettledStory& story) {
       story.Vote("c1", "DA");
       story.Commit(story.Decide("D-"));
     }},
    {"quorum", "a tie, with a quorum below a majority",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) { spec.checkers = 4, spec.quorum = 2; });
       story.Join("c4");
       for (const char* id : {"c1", "c2"}) story.Vote(id, "DA");
       for (const char* id : {"c3", "c4"}) story.Vote(id, "AA");
       story.Commit(story.Decide("D-"));
     }},
    {"quorum", "ballots on the spec before",
     [](SettledStory& story) {
       Kill(story);
       Draft draft = story.Decide("D-");
       const auto counted = draft.checked;
       story.Update([](ClusterSpec& spec) { spec.failover = false; });
       draft.head.spec = story.Id();
       draft.AddEvent(Event::Spec{});
       draft.checked = counted;
       story.Commit(draft);
     }},
    {"quorum", "an unchecked vote that was withdrawn long ago",
     [](SettledStory& story) {
       Kill(story);
       Draft draft = story.Decide("D-");
       for (int i = 0; i < 60; ++i) story.Vote("c1", "AA");
       for (const char* id : {"c2", "c3"}) story.Vote(id, "AA");
       for (int i = 0; i < 60; ++i) story.Vote("c1", "AA");
       story.Wait(10s);
       story.Vote("c1", "AA");
       draft.checked.clear();
       story.Commit(draft);
     }},
    {"quorum", "counts that the ballots do not have",
     Commit("D-",
            [](SettledStory&, Draft& draft) {
              FirstRow(draft).counts.alive = 1;
              Flips(draft).flips[0].counts.alive = 1;
            })},
    {"quorum", "a reason that no ballot has",
     Commit("D-",
            [](SettledStory&, Draft& draft) {
              FirstRow(draft).reason = Reason::kRefused;
              Flips(draft).flips[0].reason = Reason::kRefused;
            })},
    {"quorum", "dead votes from one rack, and two are required",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) { spec.min_racks = 2; });
       for (const char* id : {"c1", "c2"}) story.Vote(id, "DA", "r1");
       story.Vote("c3", "AA", "r2");
       story.Commit(story.Decide("D-"));
     }},
    {"hasty_death", "first failures of all, and the shard was alive",
     [](SettledStory& story) {
       for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "FA");
       Draft draft = story.Decide("D-");
       FirstRow(draft).counts = Flips(draft).flips[0].counts = {0, 3, 0};
       story.Commit(draft);
     }},
    {"hasty_death", "the one vote that was missing is a first failure",
     [](SettledStory& story) {
       story.Vote("c1", "DA");
       story.Vote("c2", "FA");
       Draft draft = story.Decide("D-");
       FirstRow(draft).counts = Flips(draft).flips[0].counts = {1, 2, 0};
       story.Commit(draft);
     }},
    // --- head_numbers ---
    {"head_numbers", "an electorate of those present",
     Commit("D-", [](SettledStory&, Draft& draft) { draft.head.electorate = 2; })},
    {"head_numbers", "a quorum of its own",
     Commit("D-", [](SettledStory&, Draft& draft) { draft.head.quorum = 1; })},
    {"head_numbers", "more ballots than `checkers`",
     [](SettledStory& story) {
       story.Join("c4");
       story.Vote("c4", "DA");
       Kill(story);
       Draft draft = story.Decide("D-");
       draft.head.electorate = 3;
       draft.head.quorum = 2;
       story.Commit(draft);
     }},
    // --- deposed, one_leader ---
    {"deposed", "the previous leader writes",
     [](SettledStory& story) {
       Kill(story);
       const Draft draft = story.Decide("D-");
       story.Remove(kOutsider, story.CandidateOf("c1"));
       story.TakeOver("c2");
       story.CommitBy(story.SessionOf("c1"), draft);
     }},
    {"deposed", "the leader's candidate is gone",
     [](SettledStory& story) {
       Kill(story);
       const Draft draft = story.Decide("D-");
       story.Remove(kOutsider, story.CandidateOf("c1"));
       story.Commit(draft);
     }},
    {"one_leader", "a checker decides that is not the leader",
     [](SettledStory& story) {
       Kill(story);
       story.CommitBy(story.SessionOf("c2"), story.Decide("D-"));
     }},
    {"one_leader", "a checker that is not the leader writes only the mirror",
     [](SettledStory& story) {
       story.Send(story.SessionOf("c2"), {story.Set(story.paths.mirror(), "{}")});
     }},
    {"one_leader", "an operator writes the ledger without an order",
     [](SettledStory& story) {
       story.Send(kOperator, {story.Set(story.paths.ledger(), EncodeLedger({{"c1"}, {}}))});
     }},
    // --- takeover ---
    {"takeover", "a live candidate is before it",
     [](SettledStory& story) { story.TakeOver("c2"); }},
    {"takeover", "its own candidate is gone",
     [](SettledStory& story) {
       story.Remove(kOutsider, story.CandidateOf("c1"));
       story.TakeOver("c1");
     }},
    {"takeover", "sequence numbers have wrapped",
     [](SettledStory& story) {
       for (const char* id : {"c1", "c2", "c3"}) story.End(id);
       story.tree.SetSequence(story.paths.election(), 2147483647);
       story.Join("c4");
       story.tree.SetSequence(story.paths.election(), -2147483647 - 1);
       story.Join("c5");
       story.TakeOver("c5");
     }},
    // --- patience ---
    {"patience", "a deposition, and nothing is owed",
     [](SettledStory& story) {
       story.Wait(5s);
       story.TakeOver("c2", {}, {"c1"});
     }},
    {"patience", "a deposition too early",
     [](SettledStory& story) {
       Kill(story);
       story.Wait(300ms);
       story.TakeOver("c2", {}, {"c1"});
     }},
    {"patience", "the second in line is as quick as the first may be",
     [](SettledStory& story) {
       Kill(story);
       story.Wait(600ms);
       story.TakeOver("c3", {}, {"c1", "c2"});
     }},
    // --- epoch ---
    {"epoch", "a take-over does not raise it",
     [](SettledStory& story) {
       story.End("c1");
       story.TakeOver("c2", 1);
     }},
    {"epoch", "a head with the previous epoch",
     [](SettledStory& story) {
       story.End("c1");
       story.TakeOver("c2");
       Draft draft = story.Decide();
       draft.head.epoch = 1;
       story.Commit(draft);
     }},
    {"epoch", "the sequence does not grow",
     Commit("D-", [](SettledStory&, Draft& draft) { --draft.head.sequence; })},
    // --- spec ---
    {"spec", "decided by the previous spec",
     [](SettledStory& story) {
       Kill(story);
       Draft draft = story.Decide("D-");
       const auto old = story.spec;
       story.Update([](ClusterSpec& spec) { spec.failover = false; });
       story.spec = old;
       story.Commit(draft);
     }},
    {"spec", "back to an older spec while the current one is bad",
     [](SettledStory& story) {
       const auto old = story.spec;
       const auto first = story.Id();
       story.Update([](ClusterSpec& spec) { spec.failover = false; });
       story.Commit(story.Decide());
       story.Write(kOutsider, story.paths.options(), "bad");
       Draft draft = story.Decide();
       draft.head.spec = first;
       draft.AddEvent(Event::Spec{});
       draft.checked.clear();
       story.Commit(draft);
     }},
    {"spec", "a spec that never existed",
     Commit("--", [](SettledStory&, Draft& draft) { draft.head.spec.version = 77; })},
    {"spec", "a shard that left the spec keeps its row",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) { spec.shards.pop_back(); });
       Draft draft = story.Decide();
       draft.board.shards.resize(2);
       draft.board.shards[1] = story.board.shards[1];
       draft.mirror = EncodeMirror(story.spec.shards, draft.board);
       story.Commit(draft);
     }},
    {"spec", "the head names another version of a chunk",
     [](SettledStory& story) {
       story.Commit(story.Decide());
       Head head = *story.LastHead();
       ++head.chunks[0];
       ++head.sequence;
       story.Send(story.SessionOf("c1"), {story.Set(story.paths.head(), EncodeHead(head))});
     }},
    {"spec", "the mirror says something else",
     Commit("D-", [](SettledStory&, Draft& draft) { draft.mirror = "{}"; })},
    {"spec", "the mirror is kept above its limit",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) { spec.mirror_limit = 0; });
       story.Commit(story.Decide());
     }},
    {"spec", "a commit without a head",
     [](SettledStory& story) {
       story.Send(story.SessionOf("c1"), {story.Set(story.paths.mirror(), "{}")});
     }},
    // --- since ---
    {"since", "moves without a flip",
     Commit("--", [](SettledStory&, Draft& draft) { FirstRow(draft).since += 1s; })},
    {"since", "does not move with a flip",
     [](SettledStory& story) {
       Kill(story);
       Draft draft = story.Decide("D-");
       FirstRow(draft).since = story.board.shards[0].since;
       story.Commit(draft);
     }},
    {"since", "a shard that kept its name and address begins again",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) { spec.shards.push_back({"s3", "10.0.0.1:3"}); });
       for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "AA.");
       Draft draft = story.Decide();
       FirstRow(draft) = ShardState();
       story.Commit(draft);
     }},
    {"since", "everything is forgotten without a quorum",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) { spec.mirror_limit = 0; });
       Draft draft = story.Decide();
       draft.mirror = "{}";
       story.Commit(draft);
       story.Update([](ClusterSpec& spec) { spec.shards.pop_back(); });
       draft = story.Decide();
       FirstRow(draft) = ShardState();
       draft.mirror = "{}";
       story.Commit(draft);
     }},
    // --- journal ---
    {"journal", "a flip is not recorded", Commit("D-", [](SettledStory&, Draft& draft) {
       draft.events.clear();
     })},
    {"journal", "with other counts", Commit("D-", [](SettledStory&, Draft& draft) {
       Flips(draft).flips[0].counts.unknown = 1;
     })},
    {"journal", "a flip that did not happen", Commit("D-", [](SettledStory&, Draft& draft) {
       Flips(draft).flips.push_back(Flips(draft).flips[0]);
     })},
    {"journal", "a learned id is not recorded",
     [](SettledStory& story) {
       story.Join("c4");
       Draft draft = story.Decide();
       draft.events.clear();
       story.Commit(draft);
     }},
    {"journal", "a take-over is not recorded",
     [](SettledStory& story) {
       story.End("c1");
       story.Send(story.SessionOf("c2"),
                  {story.Set(story.paths.leader(), EncodeLeader({"c2", 2, Micros(1)}))});
     }},
    // --- ledger ---
    {"ledger", "the electorate loses an id",
     Commit("--", [](SettledStory&, Draft& draft) { draft.ledger.electorate.erase("c3"); }),
    },
    {"ledger", "an id is learned that never appeared",
     Commit("--",
            [](SettledStory&, Draft& draft) {
              draft.ledger.electorate.insert("c9");
              draft.AddEvent(Event::Electorate{{"c9"}});
            })},
    {"ledger", "after a lost ledger the electorate is those present",
     [](SettledStory& story) {
       story.Remove(kOutsider, story.paths.ledger());
       Draft draft = story.Decide();
       draft.ledger.electorate = {"c1"};
       draft.checked = {"c1"};
       draft.events.clear();
       draft.AddEvent(Event::Electorate{{"c1"}});
       story.Commit(draft);
     }},
    {"ledger", "an operator forgets another id than its event says",
     [](SettledStory& story) {
       story.Order(Event::Forget{{"c2"}}, [](Ledger& ledger) { ledger.electorate.erase("c3"); });
     }},
    {"ledger", "penalties are forgiven without a flip",
     [](SettledStory& story) {
       Draft draft = story.Decide();
       draft.ledger.penalties["s1"] = {4, Micros(1)};
       story.Write(kOutsider, story.paths.ledger(), EncodeLedger(draft.ledger));
       draft = story.Decide();
       draft.ledger.penalties.clear();
       story.Commit(draft);
     }},
    // --- freeze ---
    {"freeze", "a flip to dead while frozen",
     Elsewhere([](ClusterSpec& spec) { spec.max_dead_fraction = 0.5; },
               [](SettledStory& story) {
                 Draft draft = story.Decide();
                 draft.ledger.freeze.frozen = true;
                 draft.AddEvent(Event::Freeze{});
                 story.Commit(draft);
                 Kill(story);
                 story.Commit(story.Decide("D-"));
               })},
    {"freeze", "more dead than allowed",
     Elsewhere([](ClusterSpec& spec) { spec.max_dead_fraction = 0.5; },
               [](SettledStory& story) {
                 for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DD");
                 story.Commit(story.Decide("DD"));
               })},
    {"freeze", "ended too early",
     [](SettledStory& story) {
       story.Update([](ClusterSpec& spec) {
         spec.max_dead_fraction = 0.5;
         for (int i = 3; i <= 8; ++i)
           spec.shards.push_back({"s" + std::to_string(i), "10.0.0.1:" + std::to_string(i)});
       });
       for (const char* id : {"c1", "c2", "c3"}) story.Vote(id, "DDDDAAAA");
       story.Commit(story.Decide("DDDDAAAA"));
       Draft draft = story.Decide();
       draft.ledger.freeze.frozen = true;
       draft.AddEvent(Event::Freeze{});
       story.Commit(draft);
       draft.events[0].what = Event::Unfreeze{};
       draft.ledger.freeze.frozen = false;  // four are dead: it may end below three
       ++draft.head.sequence;
       story.Commit(draft);
     }},
    // --- pause ---
    {"pause", "a flip while paused",
     [](SettledStory& story) {
       story.Order(Event::Pause{},
                   [&](Ledger& ledger) {
                     ledger.pause = Pause{story.Wall(), story.Wall() + 60s, "ann", ""};
                   });
       Kill(story);
       story.Commit(story.Decide("D-"));
     }},
    {"pause", "ended before its time",
     [](SettledStory& story) {
       story.Order(Event::Pause{},
                   [&](Ledger& ledger) {
                     ledger.pause = Pause{story.Wall(), story.Wall() + 60s, "ann", ""};
                   });
       Draft draft = story.Decide();
       draft.ledger.pause.reset();
       Event event;
       event.what = Event::Resume{};
       event.at = story.Wall();
       draft.events.push_back(event);
       story.Commit(draft);
     }},
    // --- maintenance ---
    {"maintenance", "a shard under maintenance flips",
     [](SettledStory& story) {
       story.Order(Event::Maintenance{}, [&](Ledger& ledger) {
         ledger.maintenance["s1"] = {story.Wall(), story.Wall() + 60s, "ann", ""};
       });
       Kill(story);
       story.Commit(story.Decide("D-"));
     }},
    {"maintenance", "ended before its time",
     [](SettledStory& story) {
       story.Order(Event::Maintenance{}, [&](Ledger& ledger) {
         ledger.maintenance["s1"] = {story.Wall(), story.Wall() + 60s, "ann", ""};
       });
       Draft draft = story.Decide();
       draft.ledger.maintenance.clear();
       Event event;
       event.what = Event::MaintenanceOver{{"s1"}};
       event.at = story.Wall();
       draft.events.push_back(event);
       story.Commit(draft);
     }},
    {"maintenance", "begun by a leader",
     Commit("--",
            [](SettledStory&, Draft& draft) { draft.ledger.maintenance["s1"] = {}; })},
    {"journal", "the end of maintenance is not recorded",
     [](SettledStory& story) {
       story.Order(Event::Maintenance{}, [&](Ledger& ledger) {
         ledger.maintenance["s1"] = {story.Wall(), story.Wall() + 1s, "ann", ""};
       });
       story.Wait(2s);
       Draft draft = story.Decide();
       draft.ledger.maintenance.clear();
       story.Commit(draft);
     }},
    // --- go_hold ---
    {"go_hold", "a flip while a Go voter has written `localstatus`",
     [](SettledStory& story) {
       story.Wait(60s);
       story.Write(0x800, story.paths.go_voters() + "/n_0000000000", "{}",
                   zk::CreateMode::kEphemeral);
       story.Write(0x800, story.paths.go_voters(), "c");
       Kill(story);
       story.Commit(story.Decide("D-"));
     }},
    {"go_hold", "a flip while a Go voter has been registered for long",
     [](SettledStory& story) {
       story.Write(0x800, story.paths.go_voters() + "/n_0000000000", "{}",
                   zk::CreateMode::kEphemeral);
       story.Wait(60s);
       Kill(story);
       story.Commit(story.Decide("D-"));
     }},
    // --- ballot ---
    {"ballot", "is not ephemeral",
     [](SettledStory& story) {
       story.Join("c4");
       story.Write(story.SessionOf("c4"), story.paths.vote("c4"),
                   EncodeBallot(story.BallotOf("AA")));
     }},
    {"ballot", "under the id of another checker",
     [](SettledStory& story) {
       story.End("c3");
       story.Write(story.SessionOf("c2"), story.paths.vote("c3"),
                   EncodeBallot(story.BallotOf("AA")), zk::CreateMode::kEphemeral);
     }},
    {"ballot", "another session's ballot is written",
     [](SettledStory& story) {
       story.Join("c3");  // a twin
       story.End("c2");
       story.Remove(kOutsider, story.CandidateOf("c3"));
       story.Write(story.SessionOf("c3"), story.paths.vote("c3"),
                   EncodeBallot(story.BallotOf("AA")));
     }},
    {"ballot", "the later of two twins votes",
     [](SettledStory& story) {
       const auto first = story.SessionOf("c3");
       story.Join("c3");
       story.Remove(first, story.paths.vote("c3"));
       story.Vote("c3", "AA");
     }},
    {"ballot", "on a spec that never existed",
     [](SettledStory& story) {
       Ballot ballot = story.BallotOf("AA");
       ballot.spec.version = 77;
       story.Write(story.SessionOf("c3"), story.paths.vote("c3"), EncodeBallot(ballot));
     }},
    // --- history ---
    {"history", "a transaction is missing",
     [](SettledStory& story) {
       REQUIRE(story.tree.Apply({story.Set(story.paths.shards(), "x")}, 0, Micros(1)));
       story.Write(kOutsider, story.paths.shards(), "y");
     }},
};

}  // namespace

TEST_CASE("history: each bad history breaks exactly the invariant that it names") {
  for (const Bad& bad : kBad) {
    CAPTURE(bad.invariant);
    CAPTURE(bad.what);
    SettledStory story;
    REQUIRE_MESSAGE(story.Broken().empty(), story.Violations());
    bad.corrupt(story);
    CHECK_MESSAGE(story.Broken() == bad.invariant, story.Violations());
  }
}

}  // namespace bad_test
