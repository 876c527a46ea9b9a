// Orders whose requests and answers are lost: each takes effect once, or the outcome is
// reported as unknown.
#include <doctest/doctest.h>

#include <array>

#include "tests/support/orders_world.h"

namespace orders_lost_test {

using namespace zkcluster;
using namespace zkcluster::sim;

TEST_CASE("order: each request lost, and each answer: it is given once") {
  for (const OrderCase& c : OrderCases()) {
    for (const Fate fate : {Fate::kDropRequest, Fate::kLoseAnswer, Fate::kKillSession}) {
      for (int lost = 0; lost < 12; ++lost) {
        CAPTURE(c.name);
        CAPTURE(static_cast<int>(fate));
        CAPTURE(lost);
        Ordering w(static_cast<std::uint64_t>(lost) + 1);
        w.PutLedger(c.ledger);
        int count = 0;
        w.ensemble.SetFate(*w.one.client,
                           [&](const Request&) { return count++ == lost ? fate : Fate::kServe; });
        const auto ordered = c.give(w, w.one);
        REQUIRE_MESSAGE(ordered, ordered.error().message);
        CHECK(ordered->found == c.ledger);
        CHECK(ordered->left == w.LedgerNow());
        CHECK(w.Journal().size() == 1);
        CHECK(w.LedgerNow() != c.ledger);
      }
    }
  }
}

TEST_CASE("order: its answer is lost, and others act before it can read") {
  struct Meanwhile {
    std::string name;
    OrderCase c;
    std::function<void(Ledger&)> act;
    std::size_t lines;  // of the journal: written once, or again
  };
  const auto cases = OrderCases();
  const std::array<Meanwhile, 6> meanwhiles = {{
      // Not the pause that was to be ended.
      {"paused by another", cases[1],
       [](Ledger& ledger) {
         ledger.pause = Pause{Micros(9), Micros(0), "eve@ops3", "mine"};
       },
       1},
      // The leader froze again; this order's caller learns that from the ledger.
      {"frozen again", cases[2],
       [](Ledger& ledger) {
         ledger.freeze = {true, Micros(99), 2, false, 0};
       },
       1},
      {"the leader let the deaths pass", cases[3],
       [](Ledger& ledger) {
         ledger.freeze = {false, Micros(5), 2, false, 2};
       },
       1},
      {"another lifts it", cases[3], [](Ledger& ledger) { ledger.freeze = {}; }, 1},
      {"the leader learns another", cases[4],
       [](Ledger& ledger) { ledger.electorate.insert("c4"); }, 1},
      // The last order wins, and this one was not answered yet.
      {"resumed by another", cases[0], [](Ledger& ledger) { ledger.pause.reset(); }, 2},
  }};
  for (const auto& meanwhile : meanwhiles) {
    CAPTURE(meanwhile.name);
    Ordering w;
    w.PutLedger(meanwhile.c.ledger);
    bool lost = false;
    bool acted = false;
    w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
      if (request.verb == Verb::kMulti && !std::exchange(lost, true)) return Fate::kLoseAnswer;
      if (lost && !std::exchange(acted, true)) {
        Ledger ledger = w.LedgerNow();
        meanwhile.act(ledger);
        w.PutLedger(ledger);
      }
      return Fate::kServe;
    });
    const auto ordered = meanwhile.c.give(w, w.one);
    CHECK(acted);
    REQUIRE_MESSAGE(ordered, ordered.error().message);
    CHECK(w.Journal().size() == meanwhile.lines);
  }
}

TEST_CASE("order: its answer is lost, and the ledger does not show whether it took effect") {
  const std::array<std::pair<std::string, std::function<void(Ordering&)>>, 4> meanwhiles = {{
      {"the checker came back",
       [](auto& w) {
         w.PutLedger(Known());
         w.ensemble.PutEphemeral(w.paths.candidate(CandidateNode("c2")), "{}");
       }},
      {"the ledger was corrupted", [](auto& w) { w.ensemble.Put(w.paths.ledger(), "?"); }},
      {"the cluster was deleted", [](auto& w) { w.ensemble.Remove(w.paths.base()); }},
      {"another is there",
       [](auto& w) {
         w.ensemble.Remove(w.paths.base());
         w.PutSpec(TestSpec());
       }},
  }};
  for (const auto& meanwhile : meanwhiles) {
    const auto& name = meanwhile.first;
    const auto& act = meanwhile.second;
    CAPTURE(name);
    Ordering w;
    w.PutLedger(Known());
    bool lost = false;
    bool acted = false;
    w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
      if (request.verb == Verb::kMulti && !std::exchange(lost, true)) return Fate::kLoseAnswer;
      if (lost && !std::exchange(acted, true)) act(w);
      return Fate::kServe;
    });
    const auto ordered = w.Forget(w.one, "c2");
    CHECK(acted);
    // In another cluster with an empty electorate, c2 is also absent.
    if (name == "another is there") {
      CHECK(ordered);
    } else {
      CHECK(CodeOf(ordered) == ErrorCode::kUnknownOutcome);
    }
  }
}

TEST_CASE("order: abandoned, it says whether it may have been given") {
  Ordering w;
  w.PutLedger(Known());
  std::optional<Result<Ordered>> answer;
  w.ensemble.Down();
  w.Run(std::chrono::minutes(1));
  w.one.editor.Forget("sessions", "c1", kBy,
                      [&](const Result<Ordered>& ordered) { answer = ordered; });
  w.Run();
  w.one.editor.Abandon();
  REQUIRE(answer);
  CHECK(CodeOf(*answer) == ErrorCode::kUnavailable);
  w.ensemble.Up();
  w.Run(std::chrono::minutes(1));
  CHECK(w.LedgerNow() == Known());

  answer.reset();
  w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
    if (request.verb == Verb::kMulti) w.ensemble.Mute(*w.one.client);
    return Fate::kServe;
  });
  w.one.editor.Forget("sessions", "c1", kBy,
                      [&](const Result<Ordered>& ordered) { answer = ordered; });
  w.Run(std::chrono::minutes(1));
  w.one.editor.Abandon();
  REQUIRE(answer);
  CHECK(CodeOf(*answer) == ErrorCode::kUnknownOutcome);
}

TEST_CASE("orders: the end of maintenance is lost on its way, while another shard's begins") {
  Ordering w;
  w.PutLedger(Maintained());
  bool lost = false;
  bool acted = false;
  w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
    if (request.verb == Verb::kMulti && !std::exchange(lost, true)) return Fate::kDropRequest;
    if (lost && !std::exchange(acted, true)) {
      Ledger ledger = w.LedgerNow();
      ledger.maintenance["s3"] = {Micros(9), Micros(0), "eve@ops3", "mine"};
      w.PutLedger(ledger);
    }
    return Fate::kServe;
  });
  const auto ended = w.EndMaintenance(w.one, {{"s2"}});
  CHECK(acted);
  REQUIRE_MESSAGE(ended, ended.error().message);
  CHECK(!w.LedgerNow().maintenance.contains("s2"));  // it said it was ended
  CHECK(w.LedgerNow().maintenance.contains("s3"));
}

}  // namespace orders_lost_test
