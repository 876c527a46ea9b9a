// The rows of `zkctl events`, and which entries of the journal are wanted.
#include "tools/zkctl/report/events.h"

#include <nlohmann/json.hpp>

#include "tests/unit/tools/zkctl/report/snapshots.h"

namespace events_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;
using namespace std::chrono_literals;

namespace {

Event MakeEvent(Event::What what, const std::string& by = "") {
  Event made;
  made.what = std::move(what);
  made.at = kFlip;
  made.by = by;
  if (by.empty()) {
    made.leader = "c1";
    made.epoch = 41;
    made.quorum = 2;
    made.spec_version = 7;
  }
  return made;
}

JournalEntry Entry(Result<Event> event) {
  return {"e_0000000001", std::move(event), kFlip};
}

std::string Row(const Event& event, const Terminal& to = kPlain, const std::string& shard = "") {
  return EventRows(to, shard).Next(Entry(event));
}

Event::Flip MakeFlip(const std::string& shard, ShardStatus to, Reason reason, VoteCounts counts) {
  const bool dead = to == ShardStatus::kDead;
  return {shard,
          "10.0.0." + shard.substr(1) + ":6379",
          dead ? ShardStatus::kAlive : ShardStatus::kDead,
          to,
          reason,
          counts};
}

Event Flips() {
  return MakeEvent(Event::Flips{{MakeFlip("s1", ShardStatus::kDead, Reason::kTimeout, {0, 3, 0}),
                                 MakeFlip("s2", ShardStatus::kAlive, Reason::kNone, {2, 1, 0}),
                                 MakeFlip("s3", ShardStatus::kDead, Reason::kTimeout, {0, 3, 0})},
                                4});
}

}  // namespace

TEST_CASE("events: a row for each, with what is alike together") {
  CHECK(Row(Flips()) ==
        "2026-11-18T11:06:40.000Z  flip         c1  s1 s3 alive -> dead (timeout), votes 0/3/0; "
        "s2 dead -> alive, votes 2/1/0; 4 more, quorum 2\n");
  // Of one shard.
  CHECK(Contains(Row(Flips(), kPlain, "s2"), "c1  s2 dead -> alive, votes 2/1/0; 4 more"));
  CHECK_FALSE(Contains(Row(Flips(), kPlain, "10.0.0.2:6379"), "s1"));
  Event many = MakeEvent(Event::Flips{});
  for (int i = 1; i <= 13; ++i) {
    std::get<Event::Flips>(many.what).flips.push_back(
        MakeFlip("s" + std::to_string(i), ShardStatus::kDead, Reason::kRefused, {0, 2, 0}));
  }
  CHECK(Contains(Row(many), "s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 and 3 more alive -> dead (refused)"));

  const std::string line = RenderJsonLine(EventJson("e_0000000001", Flips()));
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(EventJson("e_0000000001", Flips())["flips"][0]["to"] == "dead");
  CHECK(EventJson("e_0000000001", Flips())["more_flips"] == 4);
}

TEST_CASE("events: a long change of the spec is cut, and of one shard only its own is shown") {
  Event::Update update{"new names", {}, std::nullopt};
  for (int i = 1; i <= 8; ++i) {
    const std::string n = std::to_string(i);
    update.changes.push_back("s" + n + " 10.0.0." + n + ":1 -> h" + n + ":1");
  }
  update.changes.push_back("s20 added (h20:1)");
  const Event event = MakeEvent(update, "ann@ops1");
  CHECK(Contains(Row(event), "s5 10.0.0.5:1 -> h5:1 and 4 more: \"new names\"\n"));
  for (const std::string shard : {"s7", "10.0.0.7:1", "h7:1"}) {
    CHECK(Contains(Row(event, kPlain, shard), "ann@ops1  s7 10.0.0.7:1 -> h7:1: \"new names\"\n"));
    CHECK(Matches(Entry(event), {.shard = shard}));
  }
  CHECK(Contains(Row(event, kPlain, "h20:1"), "ann@ops1  s20 added (h20:1): "));
  for (const std::string other : {"s2 ", "s", "0.0.7:1", "h:1"}) {
    CHECK_FALSE(Matches(Entry(event), {.shard = other}));
  }
}

TEST_CASE("events: one that cannot be decoded does not stop the others") {
  const Result<Event> bad = Fail(ErrorCode::kBadData, "not JSON");
  CHECK(EventJson("e_0000000001", bad)["error"] == "not JSON");
  CHECK(EventRows(kPlain).Next(Entry(bad)) == "e_0000000001  cannot be decoded: not JSON\n");
}

TEST_CASE("events: what the row of each kind says") {
  struct Case {
    Event event;
    const char* text;
  };
  const std::string ann = "ann@ops1";
  const std::vector<Case> cases = {
      {MakeEvent(Event::Leader{}), "leader       c1  took over, epoch 41\n"},
      {MakeEvent(Event::Spec{}), "spec         c1  decides by version 7\n"},
      {MakeEvent(Event::Electorate{{"c4", "c5"}}), "electorate   c1  learned c4, c5; quorum 2\n"},
      {MakeEvent(Event::Forget{{"c4"}}, ann), "electorate   ann@ops1  forgot c4\n"},
      {MakeEvent(Event::Freeze{5}), "freeze       c1  began: 5 shards would be dead\n"},
      {MakeEvent(Event::Freeze{1}), "freeze       c1  began: 1 shard would be dead\n"},
      {MakeEvent(Event::Unfreeze{2}), "freeze       c1  over: 2 shards would be dead\n"},
      {MakeEvent(Event::Unfreeze{}, ann), "freeze       ann@ops1  lifted\n"},
      {MakeEvent(Event::Unfreeze{0, true}, ann),
       "freeze       ann@ops1  lifted, the deaths accepted\n"},
      {MakeEvent(Event::Pause{"move", Micros(0)}, ann),
       "pause        ann@ops1  began, no end: \"move\"\n"},
      {MakeEvent(Event::Pause{"switch replaced", kNow}, ann),
       "pause        ann@ops1  began, for 1m 40s: \"switch replaced\"\n"},
      {MakeEvent(Event::Resume{}), "pause        c1  over, its time has passed\n"},
      {MakeEvent(Event::Resume{}, ann), "pause        ann@ops1  ended\n"},
      {MakeEvent(Event::Maintenance{{"s2", "s3"}, "memory", Micros(0)}, ann),
       "maintenance  ann@ops1  of s2, s3 began, no end: \"memory\"\n"},
      {MakeEvent(Event::MaintenanceOver{{"s2"}}),
       "maintenance  c1  of s2 is over, its time has passed or the shard is gone\n"},
      {MakeEvent(Event::MaintenanceOver{{"s2"}}, ann), "maintenance  ann@ops1  of s2 ended\n"},
      {MakeEvent(Event::Checker{"c3", "r3"}), "checker      c1  c3 (r3) is gone\n"},
      {MakeEvent(Event::Checker{"c3", "", true}), "checker      c1  c3 is back\n"},
      {MakeEvent(Event::Quorum{1, {"c2", "c3"}}),
       "quorum       c1  lost: 1 registered, quorum 2; not running: c2, c3\n"},
      {MakeEvent(Event::Quorum{2, {"c3"}, true}),
       "quorum       c1  restored: 2 registered, quorum 2; not running: c3\n"},
      {MakeEvent(Event::Update{"", {"s6 removed", "s4 :37965 -> :6399"}}, ann),
       "spec         ann@ops1  s6 removed, s4 :37965 -> :6399\n"},
      {MakeEvent(Event::Update{"faster", {"probe.threshold 3s -> 300ms"}}, ann),
       "spec         ann@ops1  probe.threshold 3s -> 300ms: \"faster\"\n"},
      {MakeEvent(Event::Unknown{"promotion", R"({"Kind":"promotion","At":5,"To":"h:2\u001b"})"}),
       "promotion    c1  \"To\":\"h:2\\u001b\"; a kind of a newer zkcluster\n"},
  };
  for (const Case& each : cases) {
    CHECK(Row(each.event) == "2026-11-18T11:06:40.000Z  " + std::string(each.text));
  }
  CHECK(EventJson("e_0000000001", cases[10].event).dump() ==
        R"({"event":"e_0000000001","at":1795000000000000,"kind":"pause","leader":null,"epoch":0,)"
        R"("quorum":0,"version":0,"by":"ann@ops1","note":"switch replaced",)"
        R"("until":1795000100000000})");
  CHECK(EventJson("e_0000000001", cases.back().event)["fields"].dump() ==
        R"({"Kind":"promotion","At":5,"To":"h:2\u001b"})");
}

TEST_CASE("events: on a terminal the day once, and columns that fit all rows") {
  const std::vector<JournalEntry> entries = {
      Entry(MakeEvent(Event::Leader{})),
      Entry(MakeEvent(
          Event::Pause{"the switch of rack 7 is replaced by one that loses nothing", Micros(0)},
          "ann@ops1"))};
  EventRows rows({false, 80}, "", entries);
  CHECK(rows.Next(entries[0]) ==
        "2026-11-18\n"
        "11:06:40.000  leader       c1        took over, epoch 41\n");
  CHECK(rows.Next(entries[1]) ==
        "11:06:40.000  pause        ann@ops1  began, no end: \"the switch of rack 7 is\n"
        "                                     replaced by one that loses nothing\"\n");
  JournalEntry tomorrow = entries[0];
  tomorrow.event->at += 24h;
  CHECK(rows.Next(tomorrow).starts_with("2026-11-19\n11:06:40.000  leader"));
  // Wider: in one line.
  CHECK(Contains(EventRows({false, 140}, "", entries).Next(entries[1]),
                 "ann@ops1  began, no end: \"the switch of rack 7 is replaced by one that loses "
                 "nothing\"\n"));
  CHECK(Contains(Row(Flips(), kColored), "-> \x1b[31;1mdead\x1b[0m"));
}

TEST_CASE("events: by time, shard and kind") {
  const auto wanted = [](const Result<Event>& event, const EventFilter& filter) {
    return Matches(Entry(event), filter);
  };
  const Event flips = Flips();
  const Event leader = MakeEvent(Event::Leader{});
  const Event on = MakeEvent(Event::Maintenance{{"s2"}, "memory", Micros(0)}, "ann");
  const Event off = MakeEvent(Event::MaintenanceOver{{"s2"}}, "ann");
  const Result<Event> bad = Fail(ErrorCode::kBadData, "not JSON");
  CHECK(wanted(flips, {}));
  CHECK(wanted(bad, {}));
  CHECK(wanted(flips, {.since = kFlip}));
  CHECK_FALSE(wanted(flips, {.since = kFlip + Micros(1)}));
  CHECK_FALSE(wanted(bad, {.since = kFlip + Micros(1)}));
  CHECK(wanted(flips, {.shard = "s3"}));
  CHECK(wanted(flips, {.shard = "10.0.0.3:6379"}));
  CHECK_FALSE(wanted(flips, {.shard = "s4"}));
  CHECK(wanted(on, {.shard = "s2"}));
  CHECK(wanted(off, {.shard = "s2"}));
  CHECK_FALSE(wanted(leader, {.shard = "s2"}));
  CHECK_FALSE(wanted(bad, {.shard = "s2"}));
  CHECK(wanted(flips, {.kinds = {"flip"}}));
  CHECK(wanted(off, {.kinds = {"flip", "maintenance"}}));
  CHECK_FALSE(wanted(leader, {.kinds = {"flip", "maintenance"}}));
  CHECK_FALSE(wanted(bad, {.kinds = {"flip"}}));
  // Every word is the kind of some row.
  CHECK(EventKindWords().size() == 9);
}

}  // namespace events_test
