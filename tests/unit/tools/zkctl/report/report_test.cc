// zkctl's reports on a snapshot: JSON forms, tables, and the sentences of `explain`.
#include "tools/zkctl/report/report.h"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/unit/tools/zkctl/report/snapshots.h"
#include "yaml/reader.h"

namespace report_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;
using namespace std::chrono_literals;

TEST_CASE("status: the JSON form") {
  const Snapshot snapshot = Healthy();
  const OrderedJson json = StatusJson(snapshot, Assess(snapshot));
  CHECK(json["cluster"] == "sessions");
  CHECK(json["version"] == 7);
  CHECK(json["leader"] == "c1");
  CHECK(json["epoch"] == 41);
  CHECK(json["quorum"] == 2);
  CHECK(json["electorate"] == OrderedJson::array({"c1", "c2", "c3"}));
  CHECK(json["frozen"] == false);
  CHECK(json["held"].is_null());
  REQUIRE(json["shards"].size() == 2);
  CHECK(json["shards"][0].dump() ==
        R"({"name":"s1","addr":"10.0.0.1:6379","status":"alive","since":1795000000000000,)"
        R"("reason":null,"votes":{"alive":3,"dead":0,"unknown":0}})");
  CHECK(json["shards"][1]["status"] == "dead");
  CHECK(json["shards"][1]["reason"] == "timeout");
  CHECK(json["shards"][1]["votes"]["dead"] == 3);
  CHECK(Notes(snapshot) == "");
}

TEST_CASE("status: what is not as it should be is said") {
  SUBCASE("nobody registered") {
    Snapshot snapshot = Healthy();
    snapshot.candidates.clear();
    snapshot.voters.clear();
    CHECK(StatusJson(snapshot, Assess(snapshot))["leader"].is_null());
    CHECK(Contains(Notes(snapshot), "no checker is registered"));
    CHECK(Contains(Notes(snapshot),
                   "too few ballots: 0 of the 2 that are needed (c1, c2, c3 are gone)"));
  }
  SUBCASE("the leader has gone, the next has not taken over") {
    Snapshot snapshot = Healthy();
    snapshot.candidates.erase(snapshot.candidates.begin());
    CHECK_FALSE(Assess(snapshot).leader.has_value());
    CHECK(Contains(Notes(snapshot), "nobody leads at this moment: c2 is first"));
  }
  SUBCASE("Go checkers") {
    Snapshot snapshot = Healthy();
    snapshot.go_voters = {"n_0000000003"};
    CHECK(StatusJson(snapshot, Assess(snapshot))["held"] == "go_checkers");
    CHECK(Contains(Notes(snapshot), "held: "));
    CHECK(Contains(Notes(snapshot), "n_0000000003"));
  }
  SUBCASE("an undecodable ballot, and one of another list") {
    Snapshot snapshot = Healthy();
    snapshot.voters[1].ballot.reset();
    snapshot.voters[1].error = "not JSON at byte 12";
    snapshot.voters[2].ballot->spec.version = 6;
    const Assessment assessment = Assess(snapshot);
    CHECK(assessment.counted == 1);
    CHECK(assessment.missing == std::vector<std::string>{"c2", "c3"});
    CHECK(Contains(Notes(snapshot), "the ballot of c2 cannot be decoded: not JSON at byte 12"));
    CHECK(Contains(Notes(snapshot), "the ballot of c3 is for another list"));
    CHECK(Contains(Notes(snapshot),
                   "too few ballots: 1 of the 2 that are needed (no valid ballot from c2, c3)"));
    CHECK(assessment.tallies[1].counts == VoteCounts{0, 1, 0});
  }
  SUBCASE("one is gone") {
    Snapshot snapshot = Healthy();
    snapshot.candidates.pop_back();
    snapshot.voters.pop_back();
    CHECK(Contains(Notes(snapshot), "c3 is gone; when one more stops, nothing flips"));
    const std::vector<ListRow> rows = {MakeListRow(snapshot)};
    CHECK(Contains(ListText(rows, kPlain), "  c3 is gone\n"));
    snapshot.candidates.pop_back();
    snapshot.voters.pop_back();
    CHECK(Contains(ListText({MakeListRow(snapshot)}, kPlain),
                   "no quorum: 1 of 2 votes; c2, c3 are gone\n"));
  }
  SUBCASE("fewer checkers than the spec says") {
    Snapshot snapshot = Healthy();
    snapshot.spec.spec.checkers = 5;
    CHECK(Assess(snapshot).electorate.quorum == 3);
    CHECK(Contains(Notes(snapshot), "the spec says 5 checkers, only 3 were ever seen"));
  }
  SUBCASE("more checkers than the spec says") {
    Snapshot snapshot = Healthy();
    snapshot.spec.spec.checkers = 1;
    CHECK(Contains(Notes(snapshot), "the spec says 1 checker, but 3 are known"));
  }
  SUBCASE("no decision yet") {
    Snapshot snapshot = Healthy();
    snapshot.head.reset();
    CHECK(Contains(Notes(snapshot), "no decision was ever made"));
    snapshot.from_go_status = true;
    CHECK(Contains(Notes(snapshot), "decided by Go checkers"));
  }
}

TEST_CASE("status: the table shows the same") {
  const Snapshot snapshot = Healthy();
  const std::string text = StatusText(snapshot, Assess(snapshot), kNow, kPlain);
  CHECK(Contains(text, "leader      c1, epoch 41\n"));
  CHECK(Contains(text, "quorum      2 of 3; 3 ballots counted\n"));
  CHECK(Contains(text, "1m 40s ago  timeout  0/3/0\n"));
  CHECK_FALSE(Contains(text, "\x1b"));
  CHECK(Contains(StatusText(snapshot, Assess(snapshot), kNow, kColored), "\x1b[31;1mdead\x1b[0m"));
}

TEST_CASE("checkers: the JSON form, a checker without a ballot, and a twin") {
  Snapshot snapshot = Healthy();
  snapshot.voters.pop_back();
  snapshot.candidates.push_back(MakeCandidate("c1", 9));
  const OrderedJson json = CheckersJson(snapshot, Assess(snapshot));
  REQUIRE(json.size() == 4);
  CHECK(json[0].dump() ==
        R"({"id":"c1","host":"host-c1","rack":"r-c1","pid":101,"version":"0.1.0",)"
        R"("ballot":"counted","leader":true,"since":1795000000000000,"votes":{"alive":1,"dead":1,)"
        R"("unknown":0,"not_probed":0,"alone":0,"blind":false}})");
  CHECK(json[1]["leader"] == false);
  CHECK(json[2]["ballot"] == "none");
  CHECK(json[3]["id"] == "c1");
  CHECK(json[3]["leader"] == false);
  CHECK(Contains(CheckersText(snapshot, Assess(snapshot), kNow, kPlain), "twin, waiting"));
}

TEST_CASE("checkers: the table fits into the terminal, and lists who is not running") {
  Snapshot snapshot = Healthy();
  snapshot.ledger->electorate.insert("c4");
  for (auto& candidate : snapshot.candidates) {
    candidate.registration.host = "redis-host-17";
    candidate.registration.rack = "rack-17";
    candidate.registration.pid = 1'234'567;
  }
  const auto render = [&](std::size_t columns) {
    const std::string text = CheckersText(snapshot, Assess(snapshot), kNow, {false, columns});
    for (std::size_t at = 0; at < text.size() && columns > 0; at = text.find('\n', at) + 1) {
      CHECK_MESSAGE(text.find('\n', at) - at <= columns, text);
    }
    CHECK(Contains(text, "counted, 1m 40s old"));
    CHECK(Contains(text, "  ALIVE  DEAD  UNKNOWN  ALONE\n"));
    CHECK(Contains(text, "  1      1     0        0\n"));
    CHECK(Contains(text, "not running"));
    return text;
  };
  CHECK(Contains(render(0), "1234567"));
  CHECK(Contains(render(140), "1234567"));
  CHECK(Contains(render(100), "1m 40s ago"));
  CHECK_FALSE(Contains(render(100), "1234567"));
  CHECK(Contains(render(80), "c1  "));
}

TEST_CASE("explain: each state of a shard") {
  SUBCASE("dead, and the votes agree") {
    const std::string text = Sentences(Healthy(), 1);
    CHECK(Contains(text, "s2 (10.0.0.2:6379) is dead since 2026-"));
    CHECK(Contains(text, "(1m 40s), reason: timeout"));
    CHECK(Contains(text, "the votes now are 0 alive, 3 dead, 0 unknown"));
    CHECK(Contains(text, "the quorum is 2 of an electorate of 3 (a majority)"));
    CHECK(Contains(text, "3 votes for dead reach the quorum of 2, which agrees"));
  }
  SUBCASE("alive, though one says dead: one short") {
    Snapshot snapshot = Healthy();
    snapshot.voters[0].ballot->votes[0] = kTimeoutVote;
    snapshot.voters[1].ballot->votes[0] = {};
    CHECK(Contains(Sentences(snapshot, 0),
                   "neither alive nor dead reaches the quorum of 2 (1 short), so it stays alive"));
  }
  SUBCASE("about to flip") {
    Snapshot snapshot = Healthy();
    for (auto& voter : snapshot.voters) voter.ballot->votes[0] = kTimeoutVote;
    CHECK(Contains(Sentences(snapshot, 0), "the leader c1 is about to flip it to dead"));
    for (auto& voter : snapshot.voters) voter.written = kNow - 300ms;
    snapshot.taken = kNow;
    snapshot.leader_stat = zk::Stat{.modified = kFlip};
    snapshot.candidates[1].registration.session_timeout = 10s;
    CHECK(Contains(Sentences(snapshot, 0),
                   "3 votes for dead reach the quorum of 2: the leader c1 is about to flip it to "
                   "dead, for 300ms now; its shadow c2 takes over in 200ms"));
    // Two depositions of the last ten minutes: two seconds of patience.
    snapshot.leader->depositions = {kNow - 9min, kNow - 8min};
    CHECK(Contains(Sentences(snapshot, 0), "its shadow c2 takes over in 1.7s"));
    snapshot.taken = kNow + 2s + 100ms;
    CHECK(Contains(Sentences(snapshot, 0), "for 2.4s now; its shadow c2 is about to take over"));
    snapshot.candidates.resize(1);
    CHECK(Contains(Sentences(snapshot, 0), "for 2.4s now, and no other checker could take over"));
    snapshot = Healthy();
    for (auto& voter : snapshot.voters) voter.ballot->votes[0] = kTimeoutVote;
    // Two of the three votes that it has are a quorum since then.
    for (auto& voter : snapshot.voters) voter.written = kNow - 9s;
    snapshot.voters[0].written = kNow - 1s;
    snapshot.changed = kNow - 20s;
    CHECK(Contains(StatusText(snapshot, Assess(snapshot), kNow, kPlain),
                   "looks dead 9s (timeout); c1 has not flipped it for 9s: it may be gone"));
    snapshot.candidates.clear();
    CHECK(Contains(Sentences(snapshot, 0), "but nobody leads"));
    snapshot.go_voters = {"n_0000000001"};
    CHECK(Contains(Sentences(snapshot, 0), "but decisions are held"));
    CHECK(Contains(Sentences(snapshot, 0), "so it stays alive"));
  }
  SUBCASE("a leader that was restarted has not taken over yet") {
    Snapshot snapshot = Healthy();
    for (auto& voter : snapshot.voters) voter.ballot->votes[0] = kTimeoutVote;
    snapshot.leader_stat = zk::Stat{.mzxid = 50};
    snapshot.candidates.front().stat.czxid = 60;
    CHECK(Contains(Sentences(snapshot, 0), "but nobody leads"));
    CHECK(Contains(Notes(snapshot), "c1 is first in the election and has not taken over yet"));
    snapshot.leader_stat->mzxid = 61;
    CHECK(Contains(Sentences(snapshot, 0), "the leader c1 is about to flip it to dead"));
  }
  SUBCASE("a ghost is nobody, and is named") {
    Snapshot snapshot = Healthy();
    snapshot.ghosts.push_back({Snapshot::Ghost::Kind::kBallot, "/r/votes/junk", "junk"});
    CHECK(Contains(Notes(snapshot), "the ballot of junk has no session"));
    CHECK(Contains(Notes(snapshot), "(/r/votes/junk)"));
    CHECK(Assess(snapshot).checkers.size() == 3);
  }
  SUBCASE("orders are judged by ZooKeeper's clock, not by this machine's") {
    Snapshot snapshot = Healthy();
    snapshot.newest_stamp = kNow;
    snapshot.ledger->pause = Pause{kNow - 60s, kNow + 60s, "ann@ops1", "move"};
    snapshot.taken = kNow + 2h;  // ours is ahead, and a leader is there to end it
    CHECK(Assess(snapshot).pause.has_value());
    CHECK(Assess(snapshot).hold == Hold::kPaused);
    snapshot.taken = kNow - 2h;
    CHECK(Assess(snapshot).pause.has_value());
    snapshot.server_time = kNow + 61s;
    CHECK_FALSE(Assess(snapshot).pause.has_value());
    snapshot.server_time.reset();
    snapshot.newest_stamp = kNow + 61s;
    CHECK_FALSE(Assess(snapshot).pause.has_value());
    snapshot.newest_stamp = kNow;
    snapshot.candidates.clear();  // nobody is there to end it: our clock is the best there is
    snapshot.taken = kNow + 61s;
    CHECK_FALSE(Assess(snapshot).pause.has_value());
  }
  SUBCASE("a quorum below the majority, and a tie") {
    Snapshot snapshot = Healthy();
    snapshot.spec.spec.quorum = 1;
    snapshot.voters[0].ballot->votes[0] = kTimeoutVote;
    CHECK(Contains(Sentences(snapshot, 0), "both alive and dead reach the quorum of 1: a tie"));
    CHECK(Contains(Sentences(snapshot, 0), "(the spec gives the quorum)"));
  }
  SUBCASE("never decided") {
    Snapshot snapshot = Healthy();
    snapshot.board.shards[0] = {};
    CHECK(Contains(Sentences(snapshot, 0), "is unknown: no status was ever decided"));
  }
}

TEST_CASE(
    "flapping: a shard that dies again and again is named, and how far it is on its way back") {
  Snapshot snapshot = Healthy();
  Penalty& penalty = snapshot.ledger->penalties["s2"];
  penalty = {8, snapshot.board.shards[1].since};
  CHECK(Contains(Sentences(snapshot, 1),
                 "it died again and again: the next return needs 8 good probes in a row"));
  penalty = {16, kNow - 20s, 7, kNow - 70s, kNow - 20s, ""};
  snapshot.voters[0].ballot->returning = {{1, 16, 3}};
  snapshot.voters[1].ballot->returning = {{0, 2, 1}, {1, 8, 0}};
  CHECK(Contains(Sentences(snapshot, 1),
                 "it died 7 times in 50s: the next return needs 16 good "
                 "probes in a row; c1 has 3, c2 has 0 of 8"));
  CHECK(Contains(Notes(snapshot), "flapping: s2 (`zkctl explain"));
  CHECK(MakeListRow(snapshot).flapping == std::vector<std::string>{"s2"});
  CHECK(Contains(ListText({MakeListRow(snapshot)}, kPlain), "flapping: s2"));
  // It lives: what time has forgiven is no flapping any more.
  snapshot.board.shards[1].status = ShardStatus::kAlive;
  CHECK(Contains(Sentences(snapshot, 1),
                 "it died 7 times in 50s: its last return needed 16 good probes in a row"));
  penalty.since = kNow - 120s;  // four times 10 x threshold
  CHECK(MakeListRow(snapshot).flapping.empty());
  CHECK(!Contains(Sentences(snapshot, 1), "it died"));
  CHECK(!Contains(Notes(snapshot), "flapping"));
}

TEST_CASE("explain: a corrupted status differs from one that never existed") {
  Snapshot snapshot = Healthy();
  snapshot.board.shards[1] = ShardState{.reason = Reason::kLost};
  CHECK(Contains(Sentences(snapshot, 1),
                 "s2 (10.0.0.2:6379) is unknown: its decided status was "
                 "corrupted in ZooKeeper, and nothing was decided since"));
  snapshot.board.shards[1] = {};
  CHECK(Contains(Sentences(snapshot, 1), "is unknown: no status was ever decided for it"));
  CHECK(Notes(snapshot) == "");
  snapshot.problems = {"ballot c9: not JSON", "status chunk 0: not JSON at byte 1"};
  CHECK(Contains(Sentences(snapshot, 1), "no status that can be read was decided for it"));
  CHECK(Notes(snapshot) == "cannot be read: status chunk 0: not JSON at byte 1");
}

TEST_CASE("explain: every checker has a line, and what does not count says why") {
  Snapshot snapshot = Healthy();
  snapshot.ledger->electorate.insert("c4");
  snapshot.voters[1].ballot.reset();
  snapshot.voters[1].error = "not JSON";
  snapshot.voters[2].ballot->spec.version = 6;
  const OrderedJson json = ExplainJson(snapshot, Assess(snapshot), 1, kNow);
  CHECK(json["shard"] == "s2");
  CHECK(json["outcome"] == "no_quorum");
  CHECK(json["quorum"] == 3);
  REQUIRE(json["checkers"].size() == 4);
  CHECK(json["checkers"][0]["vote"] == "dead");
  CHECK(json["checkers"][0]["reason"] == "timeout");
  CHECK(json["checkers"][0]["not_counted"].is_null());
  CHECK(json["checkers"][1]["vote"].is_null());
  CHECK(json["checkers"][1]["not_counted"] == "its ballot cannot be decoded: not JSON");
  CHECK(Contains(json["checkers"][2]["not_counted"], "version 6 of the spec"));
  CHECK(Contains(json["checkers"][3]["not_counted"], "not running"));
  const std::string text = ExplainText(snapshot, Assess(snapshot), 1, kNow, kPlain);
  CHECK(Contains(text, "c1 (leader)"));
  CHECK(Contains(text, "its ballot cannot be decoded: not JSON"));
}

TEST_CASE("list and locate: the JSON forms") {
  ListRow broken;
  broken.name = "b";
  broken.error = "incomplete";
  const OrderedJson list = ListJson({MakeListRow(Healthy()), broken});
  CHECK(list[0].dump() ==
        R"({"name":"sessions","version":7,"shards":2,"alive":1,"dead":1,"unknown":0,)"
        R"("frozen":false,"paused":false,"maintained":0,"looking_dead":0,"looking_alive":0,)"
        R"("outliers":[],"quorum":2,"votes":3,"missing":[]})");
  CHECK(list[1]["version"].is_null());
  CHECK(list[1]["error"] == "incomplete");

  const OrderedJson locate = LocateJson({{"k1", {"s2", "s1", "h:1", true, Micros(5)}},
                                         {"k2", {"s2", std::nullopt, "", false, Micros(0)}}});
  CHECK(locate[0].dump() ==
        R"({"key":"k1","owner":"s2","serving":"s1","addr":"h:1","stand_in":true,"since":5})");
  CHECK(locate[1].dump() ==
        R"({"key":"k2","owner":"s2","serving":null,"addr":null,"stand_in":false,"since":0})");
}

TEST_CASE("render: tables align by what a terminal shows, and nothing can steer it") {
  CHECK(RenderTable({"A", "B"}, {{"x", "1"}, {"\u732b", "2"}, {"caf\u00e9", ""}}, kPlain) ==
        "A     B\n"
        "x     1\n"
        "\u732b    2\n"
        "caf\u00e9\n");
  // A column without values is left out; without rows the titles are still printed.
  CHECK(RenderTable({"A", "B"}, {{"x", ""}, {"y", ""}}, kPlain) == "A\nx\ny\n");
  CHECK(RenderTable({"A", "B"}, {}, kPlain) == "A  B\n");
  CHECK(Printable("a\x1b[31mb\n\x7f") == "a\\x1b[31mb\\x0a\\x7f");
  CHECK(Printable("\u009b31m") == "\\x9b31m");
  CHECK(Contains(RenderTable({"A"}, {{"\x1b]0;x\x07"}}, kColored), "\\x1b]0;x\\x07"));
  CHECK(DisplayWidth(Paint("dead", Color::kBad, true)) == 4);
  CHECK(NearestOf("cache-12", {"cache-1", "web"}, "it has ") == "; did you mean \"cache-1\"?");
  // A mistyped short name may be any name: list the few names that exist.
  CHECK(NearestOf("s33", {"s1", "s2"}, "it has ") == "; it has s1, s2");
  CHECK(NearestOf("s33", {}, "it has ") == "");
  CHECK(NearestOf("x", std::vector<std::string_view>(11, "web"), "it has ") == "");
}

TEST_CASE("render: YAML made of JSON reads back") {
  OrderedJson json;
  json["name"] = "yes";
  json["none"] = nullptr;
  json["empty"] = OrderedJson::array();
  json["list"] = OrderedJson::array();
  OrderedJson row;
  row["a"] = 1;
  row["b"] = OrderedJson::array({"x", "y: z"});
  json["list"].push_back(row);
  json["list"].push_back("text");
  json["map"]["deep"] = true;
  const std::string text = RenderYaml(json);
  auto document = yaml::Document::Parse("t", text);
  REQUIRE_MESSAGE(document.has_value(), document.error().message << "\n" << text);
  const auto root = document->root();
  CHECK(root["name"].String() == "yes");
  CHECK_FALSE(root["none"].present());
  CHECK(root["empty"].IsList());
  const auto items = root["list"].Items();
  REQUIRE(items.size() == 2);
  CHECK(items[0]["a"].Integer(0, 9) == 1);
  CHECK(items[0]["b"].Items().at(1).String() == "y: z");
  CHECK(items[1].String() == "text");
  CHECK(root["map"]["deep"].Boolean() == true);
  CHECK(RenderYaml(OrderedJson::array()) == "[]\n");
}

TEST_CASE("render: bytes that are no UTF-8 do not throw") {
  OrderedJson json;
  json["x"] = "a\xff";
  CHECK_FALSE(RenderJson(json).empty());
  CHECK_FALSE(RenderJsonLine(json).empty());
  CHECK_FALSE(RenderYaml(json).empty());
}

}  // namespace report_test
