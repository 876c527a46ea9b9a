#include "checker/rules/succession.h"

#include <doctest/doctest.h>

#include "tests/unit/checker/rules/round_case.h"

namespace succession_test {

using namespace zkcluster;
using namespace zkcluster::rules_test;
using namespace std::chrono_literals;

namespace {

std::string Describe(const Vigil::Next& next) {
  switch (next.step) {
    case Vigil::Step::kRest:
      return "rest";
    case Vigil::Step::kWait:
      return "wait:" + std::to_string(next.wait / 1ms);
    case Vigil::Step::kConfirm:
      return "confirm";
    case Vigil::Step::kDepose:
      return "depose";
  }
  return "?";
}

// "head=2": what has moved.
void Move(const std::string& what, Vigil::Mark& mark) {
  const auto parts = SplitList(what, '=');
  if (parts[0] == "head") mark.head = std::stol(parts[1]);
  if (parts[0] == "leader") mark.leader = std::stol(parts[1]);
  if (parts[0] == "spec") mark.spec = std::stol(parts[1]);
  if (parts[0] == "before") mark.before = {parts[1]};
}

std::string AnswerVigil(const std::string& input) {
  PatienceFacts patience{.session_timeout = 10s};
  Vigil::Mark mark{.before = {"c1"}};
  Vigil vigil;
  std::string text;
  for (const std::string& word : SplitList(input, ' ')) {
    const auto setting = SplitList(word, '=');
    if (setting[0] == "place") patience.place = std::stoul(setting[1]);
    if (setting[0] == "depositions") patience.depositions = std::stoul(setting[1]);
    if (setting[0] == "session") patience.session_timeout = std::stol(setting[1]) * 1ms;
    const auto parts = SplitList(word, ':');
    if (parts.size() < 2) continue;
    const TimePoint now = TimePoint(1h) + std::stol(parts[0]) * 1ms;
    if (parts.size() > 2) Move(parts[2], mark);
    const auto answer = SplitList(parts[1], '/');
    const Vigil::Next next =
        answer[0] == "answer"
            ? vigil.Confirmed(std::stol(answer[1]) * 1ms, true, mark, patience, now)
            : vigil.Check(parts[1] == "owed", mark, patience, now);
    text += (text.empty() ? "" : " ") + Describe(next);
  }
  return text;
}

std::string AnswerOwed(const std::string& input) {
  std::set<std::string> undecodable;
  std::string round;  // the words that a round has
  for (const std::string& word : SplitList(input, ' ')) {
    const auto parts = SplitList(word, '=');
    if (parts[0] == "undecodable") {
      undecodable.insert(parts[1]);
    } else {
      round += word + " ";
    }
  }
  const RoundCase from = ParseRound(round);
  return IsOwed(from.Input(), Conclude(from.Input()), undecodable) ? "owed" : "-";
}

template <class Answer>
void CheckAll(const std::string& name, std::size_t least, Answer answer) {
  const auto lines = ReadLines(name);
  CHECK(lines.size() >= least);
  for (const Line& line : lines) {
    INFO(line.where, ": ", line.input);
    CHECK(answer(line.input) == line.result);
  }
}

}  // namespace

TEST_CASE("succession: every line of owed.txt") {
  CheckAll("owed.txt", 25, AnswerOwed);
}

TEST_CASE("succession: every line of vigil.txt") {
  CheckAll("vigil.txt", 15, AnswerVigil);
}

TEST_CASE("vigil: it says how long a decision has been owed") {
  Vigil vigil;
  const PatienceFacts patience{.session_timeout = 10s};
  CHECK_FALSE(vigil.OwedFor(TimePoint(9s)));
  vigil.Check(true, {}, patience, TimePoint(10s));
  vigil.Check(true, {}, patience, TimePoint(11s));
  CHECK(vigil.OwedFor(TimePoint(12s)) == Duration(2s));
  vigil.Check(false, {}, patience, TimePoint(13s));
  CHECK_FALSE(vigil.OwedFor(TimePoint(13s)));
}

TEST_CASE("patience: a spec's numbers do not change it, a session shorter than it does") {
  CHECK(PatienceOf({.session_timeout = 10s}) == kPatience);
  CHECK(PatienceOf({.session_timeout = 400ms}) == Duration(400ms));
  CHECK(PatienceOf({.round_trip = 50ms, .session_timeout = 10s}) == kPatience);
  CHECK(PatienceOf({.round_trip = 100ms, .session_timeout = 10s}) == Duration(800ms));
}

TEST_CASE("depositions: the record's own counts, those before it count for ten minutes") {
  LeaderRecord record{"c2", 7, Micros(0), {}, {100s, 200s}};
  CHECK(DepositionsOf(record, 300s) == std::vector<Micros>{100s, 200s});
  record.deposed = {"c1"};
  CHECK(DepositionsOf(record, 300s) == std::vector<Micros>{100s, 200s, 300s});
  const auto stamps = DepositionsOf(record, 300s);
  CHECK(CountDepositions(stamps, 301s) == 3);
  CHECK(CountDepositions(stamps, 700s) == 2);  // the one at 100 s is ten minutes old
  CHECK(CountDepositions(stamps, 899s) == 1);
  CHECK(CountDepositions(stamps, 900s) == 0);
  // A stamp of the future, or no clock: better too patient than not.
  CHECK(CountDepositions(stamps, 1s) == 3);
  CHECK(CountDepositions(stamps, std::nullopt) == 3);
}

TEST_CASE("depositions: a record keeps the newest few") {
  LeaderRecord record{"c2", 7, Micros(0), {"c1"}, {}};
  for (int i = 1; i <= 20; ++i) record.depositions.emplace_back(i);
  const auto stamps = DepositionsOf(record, Micros(21));
  REQUIRE(stamps.size() == kMaxDepositions);
  CHECK(stamps.back() == Micros(21));
  CHECK(stamps.front() == Micros(21 - static_cast<int>(kMaxDepositions) + 1));
}

TEST_CASE("ensemble clock: the newest stamp says the time, an old one read late does not") {
  EnsembleClock clock;
  CHECK_FALSE(clock.Now(TimePoint(1s)));
  clock.Observe(500s, TimePoint(100s));
  CHECK(clock.Now(TimePoint(100s)) == Micros(500s));
  CHECK(clock.Now(TimePoint(130s)) == Micros(530s));
  clock.Observe(505s, TimePoint(120s));  // written long before it was read
  CHECK(clock.Now(TimePoint(130s)) == Micros(530s));
  clock.Observe(540s, TimePoint(131s));
  CHECK(clock.Now(TimePoint(131s)) == Micros(540s));
}

}  // namespace succession_test
