// The table of outcomes, for people: on the screen and in RESULTS.md. Pure, apart from MachineLine.
#pragma once

#include <string>
#include <vector>

#include "tests/faults/outcome.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {

// One line as a scenario ends.
[[nodiscard]] std::string ProgressLine(const Outcome& outcome);
// Everything that helps to explain a failure.
[[nodiscard]] std::string FailureText(const Outcome& outcome);
// "55 passed, 0 failed, 1 skipped; 12345 transactions and 678 tables judged, 0 violations"
[[nodiscard]] std::string Totals(const std::vector<Outcome>& outcomes);

// "Linux 6.1 x86_64, 2 processors, 24 GB"
[[nodiscard]] std::string MachineLine();

struct ReportFacts {
  std::string date;
  std::string machine;
  std::size_t jobs = 1;
  double took_s = 0;
};
// The whole of RESULTS.md.
[[nodiscard]] std::string Report(const std::vector<const Scenario*>& scenarios,
                                 const std::vector<Outcome>& outcomes, const ReportFacts& facts);

}  // namespace zkcluster::faults
