// What a leader writes into the journal about checkers that go and come back, and the quorum.
#include "checker/rules/roll_call.h"

#include <doctest/doctest.h>

#include "base/join.h"
#include "base/overloaded.h"

namespace roll_call_test {

using namespace zkcluster;

namespace {

using Ids = std::set<std::string>;

struct Cluster {
  RollCall roll;
  Electorate electorate{{"c1", "c2", "c3"}, 3, 2, 1};
  Ballots ballots;

  // Observes once more; what is new is in the journal at once.
  std::string Observe(const Ids& registered, const std::string& last_leader = "c1") {
    roll.Observe(electorate, registered, ballots, last_leader);
    std::string text;
    for (const Event::What& what : roll.news()) {
      text += (text.empty() ? "" : "; ") + Text(what);
    }
    roll.Journaled(roll.news().size());
    return text;
  }

  static std::string Text(const Event::What& what) {
    if (const auto* const checker = std::get_if<Event::Checker>(&what)) {
      return checker->id + (checker->rack.empty() ? "" : "@" + checker->rack) +
             (checker->back ? " back" : " gone");
    }
    const auto& quorum = std::get<Event::Quorum>(what);
    return std::string(quorum.restored ? "restored " : "lost ") +
           std::to_string(quorum.registered) + " without " + Join(quorum.missing, ",");
  }
};

const Ids kAll = {"c1", "c2", "c3"};

}  // namespace

TEST_CASE("roll call: a checker goes and comes back, the quorum is lost and restored") {
  Cluster cluster;
  cluster.ballots["c3"].rack = "r3";
  CHECK(cluster.Observe(kAll).empty());
  CHECK(cluster.Observe(kAll).empty());
  CHECK(cluster.Observe({"c1", "c2"}) == "c3@r3 gone");
  cluster.ballots.clear();
  CHECK(cluster.Observe({"c1", "c2"}).empty());
  CHECK(cluster.Observe({"c1"}) == "c2 gone; lost 1 without c2,c3");
  CHECK(cluster.Observe({"c1", "c3"}) == "c3@r3 back; restored 2 without c2");
  CHECK(cluster.Observe(kAll) == "c2 back");
}

TEST_CASE("roll call: a new leader reports the one before it, and no other that is away") {
  Cluster cluster;
  CHECK(cluster.Observe({"c2", "c3"}, "c1") == "c1 gone");
  Cluster other;
  CHECK(other.Observe({"c1", "c2"}, "c2").empty());
  CHECK(other.Observe(kAll, "c2") == "c3 back");
  Cluster without;
  CHECK(without.Observe({"c3"}, "c1") == "c1 gone; lost 1 without c1,c2");
  CHECK(without.Observe({"c3", "c2"}, "c3") == "c2 back; restored 2 without c1");
}

TEST_CASE("roll call: a cluster that begins has lost nothing") {
  Cluster cluster;
  cluster.electorate.ids = {"c1"};
  CHECK(cluster.Observe({"c1"}, "").empty());
  CHECK(cluster.Observe({"c1"}, "c1").empty());
  cluster.electorate.ids = kAll;
  CHECK(cluster.Observe(kAll, "c1").empty());
  CHECK(cluster.Observe({"c1"}, "c1") == "c2 gone; c3 gone; lost 1 without c2,c3");
}

TEST_CASE(
    "roll call: a checker that is forgotten is nobody; what is not in the journal yet stays, up to "
    "a limit") {
  Cluster cluster;
  (void)cluster.Observe(kAll);
  cluster.electorate.ids.erase("c3");
  CHECK(cluster.Observe({"c1", "c2"}).empty());
  for (int i = 0; i < 100; ++i) {
    cluster.roll.Observe(cluster.electorate, i % 2 == 0 ? Ids{"c1"} : Ids{"c1", "c2"}, {}, "c1");
  }
  CHECK(cluster.roll.news().size() == 50);
  cluster.roll.Journaled(49);
  REQUIRE(cluster.roll.news().size() == 1);
  cluster.roll.Journaled(7);
  CHECK(cluster.roll.news().empty());
}

}  // namespace roll_call_test
