// The excuses of the judge of opinions twice each: where they apply, and close by, where a wrong
// opinion is found.
#include "tests/sim/opinion_judge.h"

#include <doctest/doctest.h>

namespace opinion_judge_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using history::Excuse;

namespace {

constexpr std::uint64_t kLife = 1;
const std::string kAddr = "10.0.0.1:1";

// A server that serves checker c1 from the first second on. By the plain rule a death is wrong more
// than 2.2 s later: a probe that was under way, the next one, and some slack.
struct Served {
  OpinionJudge judge{{1s, 400ms}};
  Served() {
    judge.ServerIs(kAddr, FakeFleet::Server::kUp, true, At(0s));
    CHECK_FALSE(Says(Opinion::kAlive, 1s));
  }
  static TimePoint At(Duration since) { return TimePoint(1s) + since; }
  bool Says(Opinion opinion, Duration since) {
    return judge.Opined(kLife, "c1", kAddr, opinion, At(since)).has_value();
  }
  // Counted once and nothing found, or found and not counted.
  void Expect(Excuse excuse, bool excused, bool found) const {
    CHECK(found == !excused);
    CHECK(judge.excuses()[excuse] == (excused ? 1 : 0));
    CHECK(judge.excuses().Sum() == (excused ? 1 : 0));
  }
};

}  // namespace

TEST_CASE("excuses: the process stood still, and knows no better") {
  for (const bool excused : {true, false}) {
    Served site;
    site.judge.Paused(kLife, Served::At(1s), 3s);
    if (!excused) site.judge.Resumed(kLife, Served::At(2s));  // it stood still for one second only
    site.Expect(Excuse::kStalled, excused, site.Says(Opinion::kDead, 5s));
  }
}

TEST_CASE("excuses: a stall excuses no more than its own length") {
  Served site;
  site.judge.Paused(kLife, Served::At(1s), 3s);
  CHECK(site.Says(Opinion::kDead, 6s));
  CHECK(site.judge.excuses().Sum() == 0);
}

TEST_CASE("excuses: it has just seen the answer, in the same turn of its loop") {
  for (const bool excused : {true, false}) {
    Served site;
    site.judge.Paused(kLife, Served::At(1s), 3s);
    site.judge.Probed(kLife, kAddr, true, Served::At(excused ? 4800ms : 4600ms));
    site.Expect(Excuse::kSameTurn, excused, site.Says(Opinion::kDead, 5s));
  }
}

TEST_CASE("excuses: dead again after doubts") {
  for (const bool excused : {true, false}) {
    Served site;
    CHECK_FALSE(site.Says(excused ? Opinion::kUnknown : Opinion::kAlive, 2s));
    site.Expect(Excuse::kDoubted, excused, site.Says(Opinion::kDead, 5s));
  }
}

}  // namespace opinion_judge_test
