// The reports of zkctl on a cluster that is frozen or paused, or whose quorum or racks are
// out of reach.
#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/tools/zkctl/report/snapshots.h"

namespace hold_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;

namespace {

// Six shards with s1 dead, and votes that five are dead; half of them may be.
Snapshot Freezing() {
  Snapshot snapshot = Healthy();
  snapshot.spec.spec.max_dead_fraction = 0.5;
  snapshot.spec.spec.shards.clear();
  snapshot.board.shards.clear();
  for (int i = 1; i <= 6; ++i) {
    snapshot.spec.spec.shards.push_back(
        {"s" + std::to_string(i), "10.0.0." + std::to_string(i) + ":6379"});
    snapshot.board.shards.push_back({ShardStatus::kAlive, kFlip, Reason::kNone, {3, 0, 0}});
  }
  snapshot.board.shards[0] = {ShardStatus::kDead, kFlip, Reason::kTimeout, {0, 3, 0}};
  for (auto& voter : snapshot.voters) {
    voter.ballot->votes.assign(6, kTimeoutVote);
    voter.ballot->votes[5] = kAliveVote;
  }
  return snapshot;
}

Snapshot Frozen() {
  Snapshot snapshot = Freezing();
  snapshot.ledger->freeze = {true, kFlip, 4, false, 0};
  return snapshot;
}

}  // namespace

TEST_CASE("freeze: status, explain and list say so, with the numbers") {
  const Snapshot snapshot = Frozen();
  const Assessment assessment = Assess(snapshot);
  const OrderedJson json = StatusJson(snapshot, assessment);
  CHECK(json["frozen"] == true);
  CHECK(json["freeze"].dump() ==
        R"({"since":1795000000000000,"would_be_dead":5,"dead":1,"allowed":3,"ends_below":3,)"
        R"("max_dead_fraction":0.5,"accept":false,"accepted":0})");
  CHECK(json["held"].is_null());
  CHECK(json["paused"].is_null());
  CHECK(Notes(snapshot) ==
        "frozen since 2026-11-18T11:06:40.000Z: 5 of 6 shards would be dead, more than the 3 that "
        "max_dead_fraction 0.5 allows; holds back 4 deaths: s2, s3, s4, s5; nothing more is marked "
        "dead until fewer than 3 would be (`zkctl unfreeze sessions --accept` lets the deaths "
        "pass)");
  CHECK(Contains(StatusText(snapshot, assessment, kNow, kPlain), "\nfrozen      for 1m 40s\n"));
  CHECK(Contains(Sentences(snapshot, 1),
                 "3 votes for dead reach the quorum of 2, but 5 of 6 shards would be dead, more "
                 "than the 3 that max_dead_fraction 0.5 allows: frozen since "
                 "2026-11-18T11:06:40.000Z, so it stays alive; `zkctl unfreeze sessions --accept` "
                 "lets the deaths pass"));
  CHECK(Contains(Sentences(snapshot, 0), "which agrees with the status"));
  CHECK(Contains(ExplainText(snapshot, assessment, 0, kNow, kPlain), "! frozen since"));
  CHECK_FALSE(Contains(ExplainText(snapshot, assessment, 1, kNow, kPlain), "! frozen"));
  CHECK(ExplainJson(snapshot, assessment, 1, kNow)["frozen"] == true);
  CHECK(ListJson({MakeListRow(snapshot)})[0]["frozen"] == true);
  CHECK(Contains(ListText({MakeListRow(snapshot)}, kPlain),
                 "  4 shards look dead (1m 40s); frozen\n"));
}

TEST_CASE("freeze: before it begins, between the bounds, accepted, over") {
  SUBCASE("about to begin") {
    const Snapshot snapshot = Freezing();
    CHECK(Contains(Sentences(snapshot, 1), "the leader c1 is about to freeze, so it stays alive"));
    CHECK(StatusJson(snapshot, Assess(snapshot))["frozen"] == false);
    CHECK(StatusJson(snapshot, Assess(snapshot))["freeze"]["since"].is_null());
    CHECK(Notes(snapshot) == "");
  }
  SUBCASE("no longer above, not yet well below") {
    Snapshot snapshot = Frozen();
    for (auto& voter : snapshot.voters) {
      voter.ballot->votes[3] = voter.ballot->votes[4] = kAliveVote;
    }
    CHECK(Contains(Sentences(snapshot, 1),
                   "3 of 6 shards would be dead, and a freeze ends below 3: frozen since"));
  }
  SUBCASE("far enough below: the leader's next round ends it") {
    Snapshot snapshot = Frozen();
    for (auto& voter : snapshot.voters) {
      for (std::size_t i = 2; i < 5; ++i) voter.ballot->votes[i] = kAliveVote;
    }
    CHECK(Contains(Sentences(snapshot, 1), "the leader c1 is about to flip it to dead"));
  }
  SUBCASE("an operator has accepted, the leader has not read it yet") {
    Snapshot snapshot = Frozen();
    snapshot.ledger->freeze.accept = true;
    CHECK(Contains(Notes(snapshot), "an operator has accepted the deaths: they pass at"));
    CHECK(Contains(Sentences(snapshot, 1), "the leader c1 is about to flip it to dead"));
  }
  SUBCASE("more than an operator accepted") {
    Snapshot snapshot = Frozen();
    snapshot.ledger->freeze.accepted = 4;
    CHECK(Contains(Sentences(snapshot, 1), "more than the 4 that an operator accepted"));
  }
  SUBCASE("off, and none was left") {
    CHECK(StatusJson(Healthy(), Assess(Healthy()))["freeze"].is_null());
  }
}

TEST_CASE("pause: status, explain and list say until when, by whom and why") {
  Snapshot snapshot = Freezing();
  snapshot.spec.spec.max_dead_fraction.reset();
  snapshot.ledger->pause =
      Pause{kFlip, kNow + std::chrono::minutes(20), "ann@ops1", "switch replaced"};
  const Assessment assessment = Assess(snapshot);
  const OrderedJson json = StatusJson(snapshot, assessment);
  CHECK(json["held"] == "paused");
  CHECK(json["frozen"] == false);
  CHECK(json["paused"].dump() ==
        R"({"since":1795000000000000,"until":1795001300000000,"by":"ann@ops1",)"
        R"("reason":"switch replaced"})");
  CHECK(
      Notes(snapshot) ==
      "paused 1m 40s ago by ann@ops1, 20m 00s left: \"switch replaced\"; holds back 4 deaths: s2, "
      "s3, s4, s5 (`zkctl resume sessions` ends it)");
  CHECK(Contains(StatusText(snapshot, assessment, kNow, kPlain),
                 "\npaused      1m 40s ago, 20m 00s left\n"));
  CHECK(Contains(Sentences(snapshot, 1),
                 "3 votes for dead reach the quorum of 2, but the cluster was paused 1m 40s ago by "
                 "ann@ops1, 20m 00s left: \"switch replaced\"; so it stays alive (`zkctl resume "
                 "sessions` ends it)"));
  // A shard that would not flip anyway is not reported as held; and nothing is reported twice.
  CHECK(Contains(Sentences(snapshot, 0), "which agrees with the status: nothing to change"));
  CHECK(Contains(ExplainText(snapshot, assessment, 0, kNow, kPlain), "! paused 1m 40s ago"));
  CHECK_FALSE(Contains(ExplainText(snapshot, assessment, 1, kNow, kPlain), "! paused"));
  CHECK(ListJson({MakeListRow(snapshot)})[0]["paused"] == true);
  CHECK(Contains(ListText({MakeListRow(snapshot)}, kPlain),
                 "  4 shards look dead (1m 40s); paused by ann@ops1, 20m 00s left\n"));
  CHECK(json["disputed"] == 4);
  CHECK(json["shards"][1]["disputed"]["obstacle"] == "hold");
  CHECK(Contains(json["shards"][1]["disputed"]["ends_with"].get<std::string>(), "zkctl resume"));

  snapshot.ledger->pause->until = Micros(0);
  CHECK(Contains(Notes(snapshot),
                 "paused 1m 40s ago by ann@ops1, no end: \"switch replaced\"; holds back"));
  CHECK(StatusJson(snapshot, Assess(snapshot))["paused"]["until"].is_null());

  // An operator's text cannot control a terminal.
  snapshot.ledger->pause->reason = "\x1b[2J";
  CHECK_FALSE(Contains(StatusText(snapshot, Assess(snapshot), kNow, kPlain), "\x1b"));

  snapshot.ledger->pause->until = kNow;
  CHECK(StatusJson(snapshot, Assess(snapshot))["held"].is_null());
  CHECK(StatusJson(snapshot, Assess(snapshot))["paused"].is_null());
  CHECK(Contains(Notes(snapshot), "is over; the leader notices at its next decision"));
  CHECK(ListJson({MakeListRow(snapshot)})[0]["paused"] == false);
}

TEST_CASE("min_racks: votes from too few racks, and checkers on too few") {
  Snapshot snapshot = Healthy();
  snapshot.spec.spec.min_racks = 2;
  for (auto& voter : snapshot.voters) voter.ballot->rack = "r1";
  snapshot.board.shards[1].status = ShardStatus::kAlive;
  CHECK(Contains(Sentences(snapshot, 1),
                 "3 votes for dead reach the quorum of 2, but they come from 1 rack and min_racks "
                 "asks for 2, so it stays alive"));
  // The registrations name three racks, the ballots one.
  CHECK(Notes(snapshot) ==
        "min_racks is 2, but the ballots that count come from 1 rack: no shard can be marked dead");
  for (auto& candidate : snapshot.candidates) candidate.registration.rack = "r1";
  CHECK(Notes(snapshot) ==
        "min_racks is 2, but the registered checkers are on 1 rack: no shard can be marked dead");
  const OrderedJson json = ExplainJson(snapshot, Assess(snapshot), 1, kNow);
  CHECK(json["dead_racks"] == 1);
  CHECK(json["checkers"][0]["rack"] == "r1");
  const std::string text = ExplainText(snapshot, Assess(snapshot), 1, kNow, kPlain);
  CHECK(Contains(text, "CHECKER      RACK  VOTE"));
  CHECK(Contains(text, "c1 (leader)  r1    dead"));
  CHECK(json["min_racks"] == 2);
  snapshot.voters[2].ballot->rack = snapshot.candidates[2].registration.rack = "r2";
  CHECK(Notes(snapshot) == "");
  CHECK(Contains(Sentences(snapshot, 1), "the leader c1 is about to flip it to dead"));
}

TEST_CASE("electorate: without one that is forgotten; a hint where the quorum is out of reach") {
  Snapshot snapshot = Healthy();
  snapshot.ledger->electorate = {"c1", "c2", "c3", "c4", "c5", "c6"};
  CHECK(FindElectorate(snapshot).quorum == 4);
  CHECK(FindElectorate(snapshot, "c6").quorum == 3);
  CHECK(FindElectorate(snapshot, "c1").size == 6);  // registered: learned again
  CHECK(FindElectorate(snapshot, "c9").size == 6);
  CHECK(Contains(Notes(snapshot), "until it is forgotten: `zkctl checkers forget sessions c4`"));
  snapshot.spec.spec.checkers = 6;
  CHECK(FindElectorate(snapshot, "c6").quorum == 4);
  CHECK_FALSE(Contains(Notes(snapshot), "forget"));
  snapshot.spec.spec.checkers.reset();
  snapshot.ledger->at_least = 8;
  CHECK(FindElectorate(snapshot).size == 8);
  CHECK(FindElectorate(snapshot, "c6").size == 7);
}

TEST_CASE("maintenance: status, explain, list and its own list say until when, by whom and why") {
  Snapshot snapshot = Healthy();
  snapshot.board.shards[1].status = ShardStatus::kAlive;
  snapshot.ledger->maintenance = {
      {"s2", {kFlip, kNow + std::chrono::minutes(20), "ann@ops1", "memory replaced"}},
      {"s1", {kFlip, kNow - Micros(1), "ann@ops1", "over"}},
      {"s9", {kFlip, Micros(0), "bob@ops2", "gone from the spec"}}};
  const Assessment assessment = Assess(snapshot);
  const OrderedJson json = StatusJson(snapshot, assessment);
  CHECK(json["held"].is_null());
  CHECK_FALSE(json["shards"][0].contains("maintenance"));
  CHECK(json["shards"][1]["maintenance"].dump() ==
        R"({"since":1795000000000000,"until":1795001300000000,"by":"ann@ops1",)"
        R"("reason":"memory replaced"})");
  CHECK(Contains(Notes(snapshot),
                 "s2, s9 are under maintenance and cannot flip; holds back 1 death: s2 (`zkctl "
                 "maintenance list sessions` says why)"));
  const std::string text = StatusText(snapshot, assessment, kNow, kPlain);
  CHECK(Contains(text, "VOTES A/D/U  NOTE\n"));
  CHECK(Contains(text,
                 "0/3/0        looks dead 1m 40s (timeout); under maintenance by ann@ops1, 20m 00s "
                 "left\n"));
  CHECK(Contains(
      Sentences(snapshot, 1),
      "3 votes for dead reach the quorum of 2, but the shard is under maintenance, ordered "
      "1m 40s ago by ann@ops1, 20m 00s left: \"memory replaced\"; so it stays alive "
      "(`zkctl maintenance off sessions s2` ends it)"));
  CHECK(Contains(Sentences(snapshot, 1), "it is probed and voted on, and does not flip"));
  CHECK(ExplainJson(snapshot, assessment, 1, kNow)["maintenance"]["by"] == "ann@ops1");
  CHECK(ExplainJson(snapshot, assessment, 0, kNow)["maintenance"].is_null());
  CHECK(CountOf<Flip>(assessment.next.changes) == 0);
  CHECK(MakeListRow(snapshot).maintained == 2);
  CHECK(Contains(ListText({MakeListRow(snapshot)}, kPlain),
                 "  s2 looks dead (1m 40s); 2 under maintenance\n"));

  const OrderedJson list = MaintenanceListJson(snapshot, assessment);
  REQUIRE(list.size() == 2);
  CHECK(list[0]["shard"] == "s2");
  CHECK(list[0]["status"] == "alive");
  CHECK(list[1]["status"].is_null());
  const std::string table = MaintenanceListText(snapshot, assessment, kNow, kPlain);
  CHECK(Contains(table, "s2     alive            0/3/0        1m 40s ago  20m 00s left"));
  CHECK(Contains(table, "s9     not in the spec  -            1m 40s ago  no end"));
  snapshot.ledger->maintenance.clear();
  CHECK(MaintenanceListText(snapshot, Assess(snapshot), kNow, kPlain) ==
        "no shard is under maintenance\n");
}

TEST_CASE("assess: rows that cannot be read are the mirror's, as the leader has them") {
  Snapshot snapshot = Healthy();
  snapshot.spec.spec.max_dead_fraction = 0.5;
  snapshot.head->spec = snapshot.spec.id;
  snapshot.has_head = true;
  snapshot.voters.resize(1);  // nobody can decide
  const auto dead = [&] { return Assess(snapshot).next.would_be_dead; };
  CHECK(dead() == 1);  // s2, as its status is

  snapshot.bad_chunks = {0};
  snapshot.board.shards = {{}, {}};
  CHECK(dead() == 0);
  snapshot.mirror = Mirror{{"10.0.0.1:6379", {false, kFlip}}, {"10.0.0.2:6379", {false, kFlip}}};
  CHECK(dead() == 2);

  // The head is of another list: the same.
  snapshot.bad_chunks = {};
  snapshot.board_is_current = false;
  snapshot.head->spec.shards_zxid = 69;
  CHECK(dead() == 2);
  snapshot.mirror->clear();
  CHECK(dead() == 0);
}

TEST_CASE("assess: while the ledger is lost the electorate is that of the last decision") {
  Snapshot snapshot = Healthy();
  snapshot.head->electorate = 5;
  snapshot.voters.resize(2);
  CHECK(Assess(snapshot).electorate.quorum == 2);
  snapshot.ledger.reset();
  CHECK(Assess(snapshot).electorate.quorum == 3);
  CHECK(Assess(snapshot).tallies[1].outcome == Outcome::kNoQuorum);
}

TEST_CASE("assess: an order that has just ended is over for the leader, too") {
  Snapshot snapshot = Healthy();
  snapshot.ledger->pause = Pause{kFlip, kNow, "ann@ops1", "test"};
  CHECK(Assess(snapshot).hold == Hold::kNone);
  CHECK(CountOf<PauseOver>(Assess(snapshot).next.changes) == 1);
  snapshot.ledger->pause->until += Micros(1);
  CHECK(Assess(snapshot).hold == Hold::kPaused);
  CHECK(Assess(snapshot).next.changes.empty());
}

}  // namespace hold_test
