// Operators' orders: their effect on the ledger and the journal, also while others write.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/support/orders_world.h"

namespace orders_test {

using namespace zkcluster;
using namespace zkcluster::sim;

TEST_CASE("order: each changes its part of the ledger and writes one line of the journal") {
  for (const OrderCase& c : OrderCases()) {
    CAPTURE(c.name);
    Ordering w;
    w.PutLedger(c.ledger);
    const auto writes = w.ensemble.history().size();
    const auto ordered = c.give(w, w.one);
    REQUIRE(ordered);
    CHECK(ordered->found == c.ledger);
    CHECK(ordered->left == w.LedgerNow());
    CHECK(w.ensemble.history().size() == writes + 1);
    const Ledger now = w.LedgerNow();
    Ledger expected = c.ledger;
    const Event event = w.Journal().at(0);
    if (const auto* const paused = event.As<Event::Pause>()) {
      REQUIRE(now.pause);
      CHECK(now.pause->by == kBy);
      CHECK(now.pause->reason == "switch replaced");
      CHECK(now.pause->until - now.pause->since == std::chrono::minutes(30));
      CHECK(paused->note == "switch replaced");
      CHECK(paused->length == std::chrono::minutes(30));
      expected.pause = now.pause;
    } else if (event.As<Event::Resume>() != nullptr) {
      expected.pause.reset();
    } else if (const auto* const unfrozen = event.As<Event::Unfreeze>()) {
      CHECK(unfrozen->accepted == (c.name == "accept"));
      if (unfrozen->accepted) {
        expected.freeze.accept = true;
      } else {
        expected.freeze = Freeze{};
      }
    } else if (const auto* const maintained = event.As<Event::Maintenance>()) {
      REQUIRE(now.maintenance.size() == 2);
      CHECK(now.maintenance.at("s1").reason == "memory");
      CHECK(now.maintenance.at("s1") == now.maintenance.at("s3"));
      CHECK(now.maintenance.at("s1").by == kBy);
      CHECK(maintained->shards == std::vector<std::string>{"s1", "s3"});
      CHECK(maintained->note == "memory");
      CHECK(maintained->length == std::chrono::minutes(30));
      CHECK(now.maintenance.at("s1").until - now.maintenance.at("s1").since ==
            std::chrono::minutes(30));
      CHECK(MaintenanceChanges(*ordered) == maintained->shards);
      expected.maintenance = now.maintenance;
    } else if (const auto* const over = event.As<Event::MaintenanceOver>()) {
      CHECK(over->shards == std::vector<std::string>{"s2"});
      CHECK(MaintenanceChanges(*ordered) == over->shards);
      expected.maintenance.clear();
    } else {
      const auto* const forgotten = event.As<Event::Forget>();
      REQUIRE(forgotten != nullptr);
      expected.electorate = {"c1", "c3"};
      CHECK(forgotten->ids == std::vector<std::string>{"c2"});
    }
    CHECK(now == expected);
    REQUIRE(w.Journal().size() == 1);
    CHECK(EventKindName(event) == c.kind);
    CHECK(event.by == kBy);
    CHECK(event.at.count() > 0);
    CHECK(event.leader.empty());
  }
}

TEST_CASE("order: what is so already is not written again, what is not so is refused") {
  Ordering w;
  w.PutLedger(Known());
  CHECK(CodeOf(w.Resume(w.one)) == ErrorCode::kNotFound);
  CHECK(w.Resume(w.one).error().message == "cluster \"sessions\": it is not paused");
  CHECK(CodeOf(w.Unfreeze(w.one, false)) == ErrorCode::kNotFound);
  CHECK(CodeOf(w.Unfreeze(w.one, true)) == ErrorCode::kNotFound);
  CHECK(CodeOf(w.Forget(w.one, "c9")) == ErrorCode::kNotFound);
  CHECK(w.Forget(w.one, "c9").error().message ==
        "cluster \"sessions\": no checker \"c9\" in the electorate, which is c1, c2, c3");
  w.PutLedger(Frozen());
  REQUIRE(w.Unfreeze(w.one, true));
  const auto writes = w.ensemble.history().size();
  CHECK(w.Unfreeze(w.two, true));
  CHECK(w.ensemble.history().size() == writes);
  CHECK(w.Journal().size() == 1);
}

TEST_CASE("pause: over a pause replaces it; without a length it lasts until it is ended") {
  Ordering w;
  w.PutLedger(Paused());
  const auto replaced = w.Pause(w.one, {Duration::zero(), kBy, "longer"});
  REQUIRE(replaced);
  CHECK(replaced->found.pause == Paused().pause);
  CHECK(w.LedgerNow().pause->reason == "longer");
  CHECK(w.LedgerNow().pause->until == Micros(0));
  CHECK(w.Resume(w.two));
  CHECK(w.LedgerNow() == Known());
}

TEST_CASE("pause: dated by ZooKeeper's stamp, for an operator whose clock is an hour off, too") {
  for (const bool first : {true, false}) {
    CAPTURE(first);
    Ordering w;
    for (int n = 0; n < 3 && !first; ++n) w.PutLedger(Known());  // a version of its own
    w.one.loop.SetWallOffset(std::chrono::hours(1));
    const auto ordered = w.Pause(w.one, {std::chrono::seconds(60), kBy, "why"});
    REQUIRE(ordered);
    REQUIRE(ordered->left.pause);
    const Micros stamp = w.ensemble.Get(w.paths.ledger())->stat.modified;
    CHECK(ordered->left.pause->since == stamp);
    CHECK(ordered->left.pause->until == stamp + std::chrono::seconds(60));
    CHECK(ordered->left.pause == w.LedgerNow().pause);
  }
}

TEST_CASE("order: what it says must be fit to be written") {
  Ordering w;
  const std::array<std::pair<PauseOrder, const char*>, 9> bad = {{
      {{Duration::zero(), "", "why"}, "who gives the order is empty"},
      {{Duration::zero(), kBy, ""}, "the reason is empty"},
      {{Duration::zero(), kBy, "a\nb"}, "control character"},
      {{Duration::zero(), kBy, "a\xc2\x9b[2J"}, "control character"},
      {{Duration::zero(), kBy, "a\xff"}, "not UTF-8"},
      {{Duration::zero(), kBy, std::string(501, 'x')}, "longer than 500 bytes"},
      {{std::chrono::milliseconds(999), kBy, "why"}, "a pause lasts 1s .. 720h"},
      {{-std::chrono::seconds(5), kBy, "why"}, "a pause lasts 1s .. 720h"},
      {{std::chrono::hours(24 * 31), kBy, "why"}, "a pause lasts 1s .. 720h"},
  }};
  for (const auto& [order, part] : bad) {
    const auto ordered = w.Pause(w.one, order);
    CHECK(CodeOf(ordered) == ErrorCode::kInvalid);
    CHECK_MESSAGE(ordered.error().message.find(part) != std::string::npos, ordered.error().message);
  }
  for (const Duration length : {Duration::zero(), Duration(kMinPause), Duration(kMaxPause)}) {
    CHECK(ValidatePause({length, kBy, "why"}));
    CHECK(ValidateMaintenance({{{"s1"}}, length, kBy, "why"}));
  }
  CHECK(CodeOf(w.Forget(w.one, "a/b")) == ErrorCode::kInvalid);
  CHECK_FALSE(w.ensemble.Exists(w.paths.ledger()));
}

TEST_CASE("maintenance: by name and by host, replaced, ended, and refused where it is of nothing") {
  Ordering w(1, false);
  ClusterSpec spec = TestSpec();
  spec.shards.push_back({"s4", "10.0.0.2:6001"});
  spec.shards.push_back({"s5", "[fd00::5]:6001"});
  REQUIRE(w.Create(w.one, spec));
  w.PutLedger(Known());
  const auto host = w.Maintain(w.one, {{}, "10.0.0.1"});
  REQUIRE(host);
  CHECK(MaintenanceChanges(*host) == std::vector<std::string>{"s1", "s2", "s3"});
  REQUIRE(w.Maintain(w.one, {{}, "fd00::5"}, "v6", Duration::zero()));
  CHECK(w.LedgerNow().maintenance.at("s5").until == Micros(0));
  REQUIRE(w.Maintain(w.two, {{"s2", "s4"}}, "other"));
  CHECK(w.LedgerNow().maintenance.size() == 5);
  CHECK(w.LedgerNow().maintenance.at("s2").reason == "other");

  const auto says = [](const Result<Ordered>& refused, const char* text) {
    CHECK(CodeOf(refused) == ErrorCode::kNotFound);
    CHECK(refused.error().message == std::string("cluster \"sessions\": ") + text);
  };
  says(w.Maintain(w.one, {{"s1", "s9"}}), "it has no shard \"s9\"");
  says(w.Maintain(w.one, {{}, "10.0.0.9"}), "it has no shard on host \"10.0.0.9\"");
  const auto ended = w.EndMaintenance(w.one, {{}, "10.0.0.2"});
  REQUIRE(ended);
  CHECK(MaintenanceChanges(*ended) == std::vector<std::string>{"s4"});
  says(w.EndMaintenance(w.one, {{}, "10.0.0.2"}),
       "no shard on host \"10.0.0.2\" is under maintenance");
  says(w.EndMaintenance(w.one, {{"s1", "s4"}}), "shard \"s4\" is not under maintenance");
  CHECK(w.LedgerNow().maintenance.size() == 4);
  // A shard that has left the spec meanwhile can still be named.
  spec.shards.erase(spec.shards.begin());
  spec.version = w.Wait<StoredSpec>([&](auto d) { w.one.editor.Get("sessions", d); })->spec.version;
  REQUIRE(w.Update(w.one, spec));
  REQUIRE(w.EndMaintenance(w.one, {{"s1"}}));
  const auto all = w.EndMaintenance(w.one, {{}, "", true});
  REQUIRE(all);
  CHECK(MaintenanceChanges(*all) == std::vector<std::string>{"s2", "s3", "s5"});
  says(w.EndMaintenance(w.one, {{}, "", true}), "no shard is under maintenance");
  CHECK(w.LedgerNow() == Known());
}

TEST_CASE("maintenance: no more shards at once than the ledger should carry") {
  Ordering w(1, false);
  REQUIRE(w.Create(w.one, TestSpec(static_cast<int>(kMaxMaintained) + 1)));
  ShardChoice all;
  for (std::size_t i = 1; i <= kMaxMaintained; ++i) all.names.push_back("s" + std::to_string(i));
  REQUIRE(w.Maintain(w.one, all));
  CHECK(w.Maintain(w.one, all, "again"));
  const auto refused = w.Maintain(w.one, {{"s201"}});
  CHECK(CodeOf(refused) == ErrorCode::kTooLarge);
  CHECK(refused.error().message.find(
            "201 shards would be under maintenance at once, at most 200") != std::string::npos);
  CHECK(CodeOf(w.Maintain(w.one, {})) == ErrorCode::kInvalid);
  CHECK(CodeOf(w.Maintain(w.one, {{}, "", true})) == ErrorCode::kInvalid);
  CHECK(CodeOf(w.Maintain(w.one, {{"s1"}, "h"})) == ErrorCode::kInvalid);
  CHECK(CodeOf(w.Maintain(w.one, {{"s1"}}, "a\nb")) == ErrorCode::kInvalid);
  CHECK(CodeOf(w.Maintain(w.one, {{"s1"}}, "why", std::chrono::milliseconds(1))) ==
        ErrorCode::kInvalid);
  CHECK(CodeOf(w.EndMaintenance(w.one, {})) == ErrorCode::kInvalid);
}

TEST_CASE("forget: not while the checker is registered or votes") {
  Ordering w;
  w.PutLedger(Known());
  w.ensemble.PutEphemeral(w.paths.candidate(CandidateNode("c2")), "{}");
  CHECK(CodeOf(w.Forget(w.one, "c2")) == ErrorCode::kExists);
  w.ensemble.Remove(w.paths.candidate(CandidateNode("c2")));
  w.ensemble.PutEphemeral(w.paths.candidate(CandidateNode("c2-b")), "{}");  // another's
  w.ensemble.PutEphemeral(w.paths.vote("c2"), EncodeBallot({{7, 70}, 1, {{}, {}, {}}}));
  const auto refused = w.Forget(w.one, "c2");
  CHECK(CodeOf(refused) == ErrorCode::kExists);
  CHECK(refused.error().message ==
        "cluster \"sessions\": checker \"c2\" has a ballot and would be learned again at once: "
        "stop that checker first");
  CHECK(w.LedgerNow() == Known());
  // Bytes that are no ballot add no voter.
  w.ensemble.Put(w.paths.vote("c2"), "hello");
  CHECK(w.Forget(w.one, "c2"));
  CHECK_FALSE(w.LedgerNow().electorate.contains("c2"));
}

TEST_CASE("forget: a candidate and a ballot without a session keep nobody from it") {
  Ordering w;
  w.PutLedger(Known());
  w.ensemble.Put(w.paths.candidate(CandidateNode("c2")), "{}");
  w.ensemble.Put(w.paths.vote("c2"), EncodeBallot({{7, 70}, 1, {{}, {}, {}}}));
  CHECK(w.Forget(w.one, "c2"));
  CHECK_FALSE(w.LedgerNow().electorate.contains("c2"));
}

TEST_CASE("redate: an order like any other, given once") {
  Ordering w;
  w.PutLedger(Known());
  const auto redate = [&] {
    return w.Wait<Ordered>(
        [&](auto done) { w.one.editor.Redate("sessions", kBy, std::move(done)); });
  };
  REQUIRE(redate());
  CHECK(w.LedgerNow().redate);
  REQUIRE(redate());
  CHECK(w.Journal().size() == 1);
  CHECK(w.Journal().front().As<Event::Redate>() != nullptr);
}

TEST_CASE("forget: an electorate whose list was lost grows smaller by as many") {
  Ordering w;
  Ledger ledger = Known();
  ledger.at_least = 5;
  w.PutLedger(ledger);
  REQUIRE(w.Forget(w.one, "c3"));
  CHECK(w.LedgerNow().at_least == 4);
  const auto unknown = w.Forget(w.one, "c4");
  CHECK(CodeOf(unknown) == ErrorCode::kNotFound);
  CHECK(unknown.error().message.find("its list was lost when it had 4: `checkers` in the spec") !=
        std::string::npos);
}

TEST_CASE("order: an absent ledger is made as a leader would, an undecodable one is not changed") {
  Ordering w;
  REQUIRE(w.Pause(w.one));
  CHECK(w.LedgerNow().electorate.empty());
  CHECK(w.LedgerNow().at_least == 0);

  // The ledger is lost, while the head still has five.
  w.ensemble.Remove(w.paths.ledger());
  Head head;
  head.electorate = 5;
  w.ensemble.Put(w.paths.head(), EncodeHead(head));
  REQUIRE(w.Pause(w.one));
  CHECK(w.LedgerNow().at_least == 5);
  CHECK(w.LedgerNow().pause);

  w.ensemble.Put(w.paths.ledger(), "\xff{");
  for (const OrderCase& c : OrderCases()) {
    CAPTURE(c.name);
    CHECK(CodeOf(c.give(w, w.one)) == ErrorCode::kBadData);
  }
  CHECK(w.ensemble.Get(w.paths.ledger())->data == "\xff{");
}

TEST_CASE("order: a cluster as a Go manager makes it, none, half of one, a stranger") {
  Ordering w(1, false);
  CHECK(CodeOf(w.Pause(w.one)) == ErrorCode::kNotFound);
  w.ensemble.Put(w.paths.base(), "hello");
  CHECK(CodeOf(w.Pause(w.one)) == ErrorCode::kNotFound);
  w.ensemble.Put(w.paths.base(), "17");
  CHECK(CodeOf(w.Pause(w.one)) == ErrorCode::kNotFound);
  w.ensemble.Put(w.paths.shards(), "[]");
  w.ensemble.Put(w.paths.options(), "{}");
  REQUIRE(w.Pause(w.one));  // also with a bad spec
  CHECK(w.LedgerNow().pause);
  CHECK(w.Journal().size() == 1);
}

TEST_CASE("order: the cluster is changed, deleted or made again between read and write") {
  struct Change {
    std::string name;
    std::function<void(Ordering&)> make;
    bool holds;
  };
  const std::array<Change, 3> changes = {{
      {"updated", [](auto& w) { w.PutSpec(TestSpec(5)); }, true},
      {"deleted", [](auto& w) { w.ensemble.Remove(w.paths.base()); }, false},
      {"created again",
       [](auto& w) {
         w.ensemble.Remove(w.paths.base());
         w.PutSpec(TestSpec(5));
       },
       true},
  }};
  for (const auto& change : changes) {
    CAPTURE(change.name);
    Ordering w;
    bool once = false;
    w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
      if (request.verb == Verb::kMulti && !std::exchange(once, true)) change.make(w);
      return Fate::kServe;
    });
    const auto ordered = w.Pause(w.one);
    CHECK(once);
    CHECK(ordered.has_value() == change.holds);
    if (!ordered) CHECK(ordered.error().code == ErrorCode::kNotFound);
    if (ordered) CHECK(w.LedgerNow().pause);
  }
}

TEST_CASE("order: the leader writes the ledger meanwhile, some times and for ever") {
  for (const OrderCase& c : OrderCases()) {
    CAPTURE(c.name);
    Ordering w;
    w.PutLedger(c.ledger);
    int times = 0;
    int most = 5;
    w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
      if (request.verb == Verb::kMulti && ++times <= most) {
        Ledger ledger = w.LedgerNow();
        ledger.penalties["s2"] = {1, Micros(times)};
        w.PutLedger(ledger);
      }
      return Fate::kServe;
    });
    REQUIRE(c.give(w, w.one));
    CHECK(times == 6);
    CHECK(w.LedgerNow().penalties.at("s2").since == Micros(5));  // nothing of the leader's is lost
    CHECK(w.Journal().size() == 1);

    w.PutLedger(c.ledger);
    most = 1'000'000;
    CHECK(CodeOf(c.give(w, w.one)) == ErrorCode::kConflict);
    CHECK(w.Journal().size() == 1);
  }
}

TEST_CASE("order: two operators at once, both are obeyed, and the ledger is the last one's") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Ordering w(seed);
    w.PutLedger(Frozen());
    std::vector<Result<Ordered>> answers;
    const auto keep = [&answers](const Result<Ordered>& ordered) { answers.push_back(ordered); };
    w.one.editor.Pause("sessions", {Duration::zero(), "one@a", "1"}, keep);
    w.two.editor.Pause("sessions", {Duration::zero(), "two@b", "2"}, keep);
    w.one.editor.Forget("sessions", "c1", "one@a", keep);
    w.two.editor.Forget("sessions", "c2", "two@b", keep);
    w.two.editor.Unfreeze("sessions", true, "two@b", keep);
    w.Run(std::chrono::minutes(1));
    REQUIRE(answers.size() == 5);
    for (const auto& answer : answers) CHECK(answer);
    const Ledger now = w.LedgerNow();
    CHECK(now.electorate == std::set<std::string>{"c3"});
    CHECK(now.freeze.accept);
    const auto journal = w.Journal();
    CHECK(journal.size() == 5);
    const auto last = std::find_if(journal.rbegin(), journal.rend(), [](const Event& event) {
      return event.As<Event::Pause>() != nullptr;
    });
    REQUIRE(last != journal.rend());
    CHECK(now.pause->by == last->by);
  }
}

}  // namespace orders_test
