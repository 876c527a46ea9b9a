#include "checker/rules/round.h"

#include <doctest/doctest.h>

#include "checker/rules/freeze.h"
#include "tests/unit/checker/rules/round_case.h"

namespace round_test {

using namespace zkcluster;
using namespace zkcluster::rules_test;

namespace {

// Each line of the file gives its result.
template <class Answer>
void CheckLines(const std::string& name, std::size_t least, Answer answer) {
  const auto lines = ReadLines(name);
  CHECK(lines.size() >= least);
  for (const Line& line : lines) {
    INFO(line.where, ": ", line.input);
    CHECK(answer(line.input) == line.result);
  }
}

std::string AnswerFreeze(const std::string& input) {
  Freeze freeze;
  FreezeFacts facts{.shards = 20, .max_dead_fraction = 0.5};
  for (const auto& [key, value] : SplitWords(input)) {
    if (key == "freeze") freeze = ParseFreeze(value);
    if (key == "dead") facts.would_be_dead = std::stoul(value);
    if (key == "new") facts.new_deaths = std::stoul(value);
    if (key == "unheard") facts.unheard = std::stoul(value);
    if (key == "max_dead") facts.max_dead_fraction = std::stod(value);
  }
  const FreezeStep step = StepFreeze(freeze, facts, std::chrono::seconds(1000));
  const std::string next = DescribeFreeze(step.next);
  return (next.empty() ? "off" : next) + (step.began ? " began" : "") +
         (step.ended ? " ended" : "");
}

ShardSpec ShardOf(const std::string& name) {
  return {name, "10.0.0.1:" + std::to_string(std::stoi(name.substr(1)) + 1)};
}

std::optional<Mirror> MirrorOf(const std::string& letters, const std::vector<ShardSpec>& shards) {
  if (letters.empty() || letters == "none") return std::nullopt;
  Mirror mirror;
  if (letters == "empty") return mirror;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (letters[i] == '.') continue;
    mirror[shards[i].addr] = {letters[i] == 'A', std::chrono::seconds(50)};
  }
  return mirror;
}

std::string AnswerCarry(const std::string& input) {
  const std::vector<ShardSpec> shards = {ShardOf("s0"), ShardOf("s1"), ShardOf("s2")};
  StatusBoard rows;
  KnownLists lists;
  std::optional<std::int64_t> list;
  std::string mirror;
  bool decided = true;
  for (const auto& [key, value] : SplitWords(input)) {
    if (key == "rows") {
      for (const char letter : value) rows.shards.push_back(ParseRow(letter, 100));
    }
    if (key == "rows_of") list = std::stol(value);
    if (key == "mirror") mirror = value;
    if (key == "undecided") decided = false;
    if (key != "lists") continue;
    const auto parts = SplitList(value, ':');
    std::vector<ShardSpec> known;
    for (const auto& name : SplitList(parts[1])) known.push_back(ShardOf(name));
    lists.Add(std::stol(parts[0]), std::move(known));
  }
  const BoardFacts facts{.rows = rows,
                         .list = list,
                         .decided = decided,
                         .mirror = [&] { return MirrorOf(mirror, shards); },
                         .newest_since = [&] { return list ? Micros(100'000'000) : Micros(0); }};
  const CarriedBoard carried = CarryBoard(facts, lists, shards, 77);
  std::string text;
  for (const ShardState& row : carried.board.shards) text += LetterOf(row);
  if (carried.from_elsewhere) text += " from_elsewhere";
  if (carried.newest_since != Micros(0)) {
    text += " newest=" + std::to_string(carried.newest_since / std::chrono::seconds(1));
  }
  if (carried.unmirrored > 0) text += " unmirrored=" + std::to_string(carried.unmirrored);
  return text;
}

}  // namespace

TEST_CASE("tally: every line of tally.txt") {
  CheckLines("tally.txt", 15, [](const std::string& input) {
    return DescribeTally(Conclude(ParseRound(input).Input()).tallies.at(0));
  });
}

TEST_CASE("hold: every line of hold.txt") {
  CheckLines("hold.txt", 10, [](const std::string& input) {
    return std::string(HoldName(Conclude(ParseRound(input).Input()).hold));
  });
}

TEST_CASE("freeze: every line of freeze.txt") {
  CheckLines("freeze.txt", 15, AnswerFreeze);
}

TEST_CASE("carried board: every line of carry.txt") {
  CheckLines("carry.txt", 10, AnswerCarry);
}

TEST_CASE("round: every line of round.txt") {
  CheckLines("round.txt", 40, [](const std::string& input) {
    const RoundCase from = ParseRound(input);
    return Describe(from, Conclude(from.Input()));
  });
}

}  // namespace round_test
