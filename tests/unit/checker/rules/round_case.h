// A round as one line of text: what a leader has read => what it concludes. The files in
// tests/testdata/round hold lines "input => result"; README.md there explains the words. All times
// in them are in seconds. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker/rules/round.h"

namespace zkcluster::rules_test {

// One line of a file, and where it is.
struct Line {
  std::string where;  // "round.txt:12"
  std::string input;
  std::string result;
};
// All lines of tests/testdata/round/NAME.
[[nodiscard]] std::vector<Line> ReadLines(const std::string& name);

struct RoundCase {
  ClusterSpec spec;
  SpecId spec_id{1000, 77};
  bool spec_is_current = true;
  bool spec_from_one_write = true;
  std::optional<Head> head;
  CarriedBoard board;
  Ledger ledger;
  Ballots ballots;
  std::set<std::string> candidates;
  std::vector<std::string> go_voters;
  Micros wall = std::chrono::seconds(1000);
  Hold last_hold = Hold::kNone;
  int vote_refusals = 0;
  Duration interval = std::chrono::seconds(1);
  Duration threshold = std::chrono::seconds(3);
  Duration refused_threshold = std::chrono::seconds(1);

  [[nodiscard]] RoundInput Input() const;
};
[[nodiscard]] RoundCase ParseRound(const std::string& input);
[[nodiscard]] std::string Describe(const RoundCase& from, const Round& round);

// "key=value" tokens of a line; a word without "=" has an empty value.
using Words = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Words SplitWords(const std::string& input);
[[nodiscard]] std::vector<std::string> SplitList(const std::string& text, char at = ',');
[[nodiscard]] std::string DescribeTally(const ServerTally& tally);  // "D 1/2/0 timeout racks=2"
[[nodiscard]] std::string DescribeFreeze(const Freeze& freeze);     // "frozen@1000:5"; empty: off
[[nodiscard]] Freeze ParseFreeze(const std::string& text);
[[nodiscard]] ShardState ParseRow(char letter, int since_s);
[[nodiscard]] char LetterOf(const ShardState& row);

}  // namespace zkcluster::rules_test
