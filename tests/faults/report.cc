#include "tests/faults/report.h"

#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <algorithm>
#include <thread>

namespace zkcluster::faults {
namespace {

constexpr const char* kHead = R"(# Faults on real servers: the last run

Written by `tests/faults/run --report tests/faults/RESULTS.md`. What is played, and what each column means: `README.md`
in this folder.
)";
std::string Result(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kPassed:
      return outcome.observed;
    case Outcome::Kind::kSkipped:
      return "skipped: " + outcome.reason;
    case Outcome::Kind::kFailed:
      break;
  }
  std::string text = "**FAILED**: ";
  for (const auto& why : outcome.failures) text += why + "; ";
  if (!outcome.violations.empty()) {
    text += fmt::format("{} violations, such as {}; ", outcome.violations.size(),
                        outcome.violations.front());
  }
  return text + outcome.reason + outcome.observed;
}

// Escapes a text for a cell of a table.
std::string Cell(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::size_t Count(const std::vector<Outcome>& outcomes, Outcome::Kind kind) {
  return static_cast<std::size_t>(std::count_if(outcomes.begin(), outcomes.end(),
                                                [&](const Outcome& o) { return o.kind == kind; }));
}

// The rows of the scenarios with this intervention. Rows without one have a column
// for what must hold.
std::string Rows(const std::vector<const Scenario*>& scenarios,
                 const std::vector<Outcome>& outcomes, const Intervention* intervention) {
  std::string text;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    if (scenarios[i]->intervention != intervention) continue;
    const Outcome& outcome = outcomes[i];
    const bool skipped = outcome.kind == Outcome::Kind::kSkipped;
    text += "| `" + outcome.scenario + "` | ";
    if (intervention == nullptr) text += Cell(scenarios[i]->must_hold) + " | ";
    text += fmt::format(
        "{} | {} | {} |\n", Cell(Result(outcome)),
        skipped ? "-" : fmt::format("{:.1f} s {}", outcome.longest_wrong_s, outcome.wrong_shard),
        skipped ? "-" : std::to_string(outcome.false_flips));
  }
  return text;
}

}  // namespace

std::string ProgressLine(const Outcome& outcome) {
  const char* word = outcome.kind == Outcome::Kind::kPassed    ? "passed "
                     : outcome.kind == Outcome::Kind::kSkipped ? "skipped"
                                                               : "FAILED ";
  return fmt::format("{} {:<40} {:5.1f} s  wrong {:4.1f} s {:2}  false flips {}  {}", word,
                     outcome.scenario, outcome.took_s, outcome.longest_wrong_s, outcome.wrong_shard,
                     outcome.false_flips, Result(outcome));
}

std::string FailureText(const Outcome& outcome) {
  std::string text = "=== " + outcome.scenario + "\n";
  for (const auto& line : outcome.story) text += line + "\n";
  for (const auto& violation : outcome.violations) text += "VIOLATION " + violation + "\n";
  for (const auto& failure : outcome.failures) text += "MISSED " + failure + "\n";
  if (!outcome.reason.empty()) text += outcome.reason + "\n";
  return text;
}

std::string Totals(const std::vector<Outcome>& outcomes) {
  std::uint64_t transactions = 0;
  std::uint64_t tables = 0;
  std::size_t violations = 0;
  for (const Outcome& outcome : outcomes) {
    transactions += outcome.transactions;
    tables += outcome.tables;
    violations += outcome.violations.size();
  }
  return fmt::format(
      "{} passed, {} failed, {} skipped; {} transactions and {} tables judged, {} violations",
      Count(outcomes, Outcome::Kind::kPassed), Count(outcomes, Outcome::Kind::kFailed),
      Count(outcomes, Outcome::Kind::kSkipped), transactions, tables, violations);
}

std::string MachineLine() {
  utsname name{};
  ::uname(&name);
  struct sysinfo memory {};
  ::sysinfo(&memory);
  const std::string release = name.release;
  return fmt::format("{} {} {}, {} processors, {:.0f} GB", name.sysname,
                     release.substr(0, release.find('-')), name.machine,
                     std::thread::hardware_concurrency(),
                     static_cast<double>(memory.totalram) * memory.mem_unit / 1e9);
}

std::string Report(const std::vector<const Scenario*>& scenarios,
                   const std::vector<Outcome>& outcomes, const ReportFacts& facts) {
  std::string text = kHead;
  text += fmt::format("\n## The last run\n\n{}; {}; {} at a time, {:.0f} min {:.0f} s.\n\n{}.\n\n",
                      facts.date, facts.machine, facts.jobs, facts.took_s / 60 - 0.5,
                      facts.took_s - 60 * static_cast<int>(facts.took_s / 60), Totals(outcomes));
  text += "| scenario | what must hold | observed | longest time wrong | false flips |\n";
  text += "| --- | --- | --- | --- | --- |\n";
  text += Rows(scenarios, outcomes, nullptr);
  for (const Intervention& intervention : Interventions()) {
    const std::string rows = Rows(scenarios, outcomes, &intervention);
    if (rows.empty()) continue;
    text += fmt::format("\nAs above, and {}:\n\n", intervention.must_hold);
    text += "| scenario | observed | longest time wrong | false flips |\n";
    text += "| --- | --- | --- | --- |\n" + rows;
  }
  return text;
}

}  // namespace zkcluster::faults
