// The rules of the judge of opinions, and its excuses: where each applies, and close by, where it
// does not.
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

ProbeResult Good() {
  ProbeResult result;
  result.verdict = ProbeVerdict::kAlive;
  return result;
}
ProbeResult Failed(Reason reason, Duration latency = Duration(0)) {
  ProbeResult result;
  result.verdict = ProbeVerdict::kFailed;
  result.reason = reason;
  result.latency = latency;
  return result;
}

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

// The history of one process's probes: PONG at 0 s, with a threshold of 3 s, and 1 s for refusals.
struct Probing {
  OpinionJudge judge{{1s, 400ms, 3s, 3s, 1s}};
  Probing() {
    judge.ServerIs(kAddr, FakeFleet::Server::kUp, false, At(0s));
    judge.Probed(kLife, kAddr, Good(), At(0s));
    CHECK(Says(Opinion::kAlive, 0s) == "");
  }
  static TimePoint At(Duration since) { return TimePoint(100s) + since; }
  void Fails(Reason reason, Duration since, Duration latency = 0s) {
    judge.Probed(kLife, kAddr, Failed(reason, latency), At(since));
  }
  void Answers(Duration since) { judge.Probed(kLife, kAddr, Good(), At(since)); }
  // The rule that it breaks.
  std::string Says(Opinion opinion, Duration since) {
    const auto finding = judge.Opined(kLife, "c1", kAddr, opinion, At(since));
    return finding ? finding->rule : "";
  }
};

}  // namespace

TEST_CASE("opinions: a death needs a whole threshold without an answer") {
  for (const bool early : {false, true}) {
    Probing site;
    for (int i = 1; i <= 3; ++i) site.Fails(Reason::kTimeout, i * 900ms, 400ms);
    CHECK(site.Says(Opinion::kDead, early ? 2990ms : 3s) == (early ? "hasty_death" : ""));
  }
  for (const bool early : {false, true}) {
    Probing site;
    site.Fails(Reason::kReset, 500ms);
    site.Fails(Reason::kRefused, 900ms);
    CHECK(site.Says(Opinion::kDead, early ? 990ms : 1s) == (early ? "hasty_death" : ""));
  }
  // The first question of a process that knows nothing yet.
  OpinionJudge judge({1s, 400ms, 3s, 3s, 1s});
  judge.Probed(kLife, kAddr, Failed(Reason::kTimeout, 400ms), Probing::At(400ms));
  const auto finding = judge.Opined(kLife, "c1", kAddr, Opinion::kDead, Probing::At(400ms));
  REQUIRE(finding);
  CHECK(finding->rule == std::string("hasty_death"));
}

TEST_CASE("opinions: a timeout beside refusals asks for the whole threshold, unless it is its own") {
  for (const bool stopped : {true, false}) {
    Probing site;
    site.Fails(Reason::kRefused, 500ms);
    if (stopped) site.judge.Paused(kLife, Probing::At(600ms), 300ms);
    site.Fails(Reason::kTimeout, 1100ms, 550ms);
    site.Fails(Reason::kRefused, 1200ms);
    CHECK(site.Says(Opinion::kDead, 1200ms) == (stopped ? "" : "hasty_death"));
  }
}

TEST_CASE("opinions: time in which the process was stopped is no evidence, and counts once") {
  for (const bool early : {false, true}) {
    Probing site;
    site.Fails(Reason::kTimeout, 500ms, 400ms);
    // It stands still for 2 s, from two orders.
    site.judge.Paused(kLife, Probing::At(1s), 1500ms);
    site.judge.Paused(kLife, Probing::At(1500ms), 1500ms);
    site.Fails(Reason::kTimeout, 4s, 400ms);
    CHECK(site.Says(Opinion::kDead, early ? 4900ms : 5s) == (early ? "hasty_death" : ""));
  }
}

TEST_CASE("opinions: after a stop longer than the threshold the evidence begins again") {
  for (const bool early : {false, true}) {
    Probing site;
    // Two orders, one stop.
    site.judge.Paused(kLife, Probing::At(1s), 2s);
    site.judge.Paused(kLife, Probing::At(3s), 2s);
    site.Fails(Reason::kTimeout, 6s, 400ms);
    site.Fails(Reason::kTimeout, 7s, 400ms);
    CHECK(site.Says(Opinion::kDead, early ? 7900ms : 8s) == (early ? "hasty_death" : ""));
  }
}

TEST_CASE("opinions: an answer in the turn of a death is reported before it") {
  Probing site;
  for (int i = 1; i <= 3; ++i) site.Fails(Reason::kTimeout, i * 900ms, 400ms);
  site.Answers(3200ms);
  CHECK(site.Says(Opinion::kDead, 3200ms) == "");
  CHECK(site.Says(Opinion::kAlive, 3200ms) == "");  // it owes one good probe, and that is there
  Probing other;
  for (int i = 1; i <= 3; ++i) other.Fails(Reason::kTimeout, i * 900ms, 400ms);
  other.Answers(3199ms);
  CHECK(other.Says(Opinion::kDead, 3200ms) == "hasty_death");
}

TEST_CASE("opinions: a server that died before owes good probes in a row") {
  for (const int good : {2, 1}) {
    Probing site;
    const auto die = [&](Duration at) {
      for (int i = 0; i < 4; ++i) site.Fails(Reason::kTimeout, at + i * 1s, 400ms);
      CHECK(site.Says(Opinion::kDead, at + 3s) == "");
    };
    die(500ms);
    site.Answers(4500ms);
    CHECK(site.Says(Opinion::kAlive, 4500ms) == "");
    die(5500ms);
    for (int i = 0; i < good; ++i) site.Answers(9500ms + i * 1s);
    CHECK(site.Says(Opinion::kAlive, 12s) == (good == 2 ? "" : "hasty_return"));
  }
}

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
    site.judge.Probed(kLife, kAddr, Good(), Served::At(excused ? 4800ms : 4600ms));
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
