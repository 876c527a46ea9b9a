// tests/sim/mutants: proof that the swarm can fail. Runs the same seeds against copies of the
// production sources with one deliberate fault each (mutants.py), and prints how many seeds it took
// until a rule was broken. The run fails if no seed catches a mutant.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/faults.h"
#include "tests/sim/flags.h"
#include "tests/sim/mutant.h"
#include "tests/sim/run_seed.h"
#include "tests/sim/seed_pool.h"

namespace {

using namespace zkcluster;
using namespace zkcluster::sim;

constexpr const char* kUsage =
    "usage: mutants [--only NAME] [--seeds N] [--first S] [--steps K] [--jobs J] [--write FILE]\n"
    "       mutants --only NAME --seed X    one seed, with its history\n"
    "--seeds: at most this many for each mutant. --write: puts the table between the marks in "
    "FILE.\n";

constexpr std::string_view kBegin = "<!-- mutants -->";
constexpr std::string_view kEnd = "<!-- end of mutants -->";

struct Options {
  SwarmOptions swarm;
  std::string only;
  std::string write;
  std::optional<std::uint64_t> seed;
};

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  options.swarm.seeds = 2000;
  options.swarm.quiet = true;
  Flags flags;
  flags.Swarm(options.swarm);
  flags.Number("--seed", options.seed);
  flags.Text("--only", options.only);
  flags.Text("--write", options.write);
  if (!flags.Parse(argc, argv)) return std::nullopt;
  return options;
}

struct Row {
  Mutant mutant;
  std::optional<FailedSeed> caught;
  std::uint64_t seeds = 0;  // until then, including this one
};

int RunOne(const Options& options) {
  SetMutant(options.only);
  const SeedResult result =
      RunSeed({*options.seed, options.swarm.steps, options.swarm.mode, TraceMode::kPrinted});
  if (result.violation) {
    std::printf("VIOLATED [%s] %s\n", result.violation->rule.c_str(),
                result.violation->text.c_str());
  }
  return result.violation ? 1 : 0;
}

// A seed that fails without the mutant proves nothing.
bool FailsAnyway(std::uint64_t seed, const SwarmOptions& swarm) {
  SetMutant("");
  return RunSeed({seed, swarm.steps, swarm.mode}).violation.has_value();
}

Row Hunt(const Mutant& mutant, SwarmOptions swarm) {
  const std::uint64_t first = swarm.first;
  const std::uint64_t end = first + swarm.seeds;
  Row row{mutant, std::nullopt, swarm.seeds};
  while (swarm.first < end) {
    SetMutant(mutant.name);
    swarm.seeds = end - swarm.first;
    const SwarmResult result = RunSwarm(swarm);
    if (result.failed.empty()) return row;
    const FailedSeed& failed = result.failed.front();
    // A crash proves nothing about the rules: a fake may have crashed.
    if (failed.rule != "crash" && !FailsAnyway(failed.seed, swarm)) {
      row.caught = failed;
      row.seeds = failed.seed - first + 1;
      return row;
    }
    swarm.first = failed.seed + 1;
  }
  return row;
}

std::string Table(const std::vector<Row>& rows) {
  std::string text = "| mutant | what is wrong | seeds | caught by |\n| --- | --- | ---: | --- |\n";
  for (const Row& row : rows) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", row.mutant.name, row.mutant.what, row.seeds,
                        row.caught ? row.caught->rule : "**nothing**");
  }
  return text;
}

bool Write(const std::string& path, const std::string& table) {
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto begin = text.find(kBegin);
  const auto end = text.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return false;
  text.replace(begin + kBegin.size(), end - begin - kBegin.size(), "\n" + table);
  std::ofstream out(path);
  out << text;
  return out.good();
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto options = ParseOptions(argc, argv);
  if (!options || (options->seed && options->only.empty())) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  OrdersByHand() = true;
  if (options->seed) return RunOne(*options);
  const auto began = std::chrono::steady_clock::now();
  std::vector<Row> rows;
  std::size_t survivors = 0;
  for (const Mutant& mutant : Mutants()) {
    if (!options->only.empty() && options->only != mutant.name) continue;
    rows.push_back(Hunt(mutant, options->swarm));
    const Row& row = rows.back();
    survivors += row.caught ? 0 : 1;
    std::printf("%-28s %6llu  %s\n", row.mutant.name, static_cast<unsigned long long>(row.seeds),
                row.caught ? fmt::format("[{}] {}", row.caught->rule, row.caught->text).c_str()
                           : "SURVIVED");
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("%zu mutants, %zu caught, %.0f s\n", rows.size(), rows.size() - survivors, seconds);
  if (rows.empty()) {
    std::fprintf(stderr, "mutants: no mutant \"%s\"\n", options->only.c_str());
    return 64;
  }
  if (!options->write.empty() && !Write(options->write, Table(rows))) {
    std::fprintf(stderr, "mutants: %s: cannot be written, or has no marks\n",
                 options->write.c_str());
    return 1;
  }
  return survivors == 0 ? 0 : 1;
}
