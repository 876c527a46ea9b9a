// What the journal has of checkers that go and come back, and of a quorum that is lost.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/settled_site.h"

namespace journal_of_checkers_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

// The journal's entries about checkers and the quorum, as words.
std::string Story(const Settled& site) {
  std::string story;
  for (const Event& event : site.Journal()) {
    if (const auto* const checker = event.As<Event::Checker>()) {
      story += checker->id + "@" + checker->rack + (checker->back ? " back" : " gone") + ", ";
    } else if (const auto* const quorum = event.As<Event::Quorum>()) {
      story += std::string(quorum->restored ? "restored" : "lost") + " with " +
               std::to_string(quorum->registered) + ", ";
    }
  }
  return story;
}

}  // namespace

TEST_CASE("journal: checkers are killed one after the other, and come back") {
  SettledSix site;
  CHECK(Story(site).empty());
  const std::string leader = site.Leader().id();
  std::vector<std::string> others;
  for (const std::string id : {"c1", "c2", "c3"}) {
    if (id != leader) others.push_back(id);
  }
  const auto place = [](const std::string& id) { return id + "@r" + id.substr(1); };
  std::string expected = place(others[0]) + " gone, ";
  site.Kill(others[0]);
  REQUIRE(site.world.RunUntil([&] { return Story(site) == expected; }, 10s));
  site.Kill(others[1]);
  expected += place(others[1]) + " gone, lost with 1, ";
  REQUIRE(site.world.RunUntil([&] { return Story(site) == expected; }, 10s));
  SimChecker::Options again;
  again.id = others[1];
  again.rack = "r" + others[1].substr(1);
  site.Start(again);
  expected += place(others[1]) + " back, restored with 2, ";
  REQUIRE(site.world.RunUntil([&] { return Story(site) == expected; }, 10s));
  site.world.RunFor(5s);  // the new checker has voted
  // Nothing changes, nothing is written.
  const auto before = site.ensemble.history().size();
  site.world.RunFor(10s);
  CHECK(site.ensemble.history().size() == before);
  CHECK(Story(site) == expected);
}

TEST_CASE(
    "journal: the next leader reports the one before it, once, by an entry without a decision") {
  SettledSix site;
  const std::string first = site.Leader().id();
  const auto sequence = [&] {
    return DecodeHead(site.ensemble.Get(site.paths.head())->data)->sequence;
  };
  const auto before = sequence();
  site.KillLeader();
  REQUIRE(site.world.RunUntil([&] { return Story(site) == first + "@ gone, "; }, 10s));
  CHECK(sequence() == before);  // programs read nothing because of it
  site.world.RunFor(10s);
  CHECK(site.CountEvents(Event::Checker::kKind) == 1);
}

}  // namespace journal_of_checkers_test
