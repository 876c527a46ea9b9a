// faults: plays scenarios of faults against real servers and reports on them. See README.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "tests/faults/namespaces.h"
#include "tests/faults/report.h"
#include "tests/faults/supervisor.h"
#include "tools/sandbox/process.h"

namespace zkcluster::faults {
namespace {

constexpr const char* kUsage =
    "usage: faults [--scenario NAME]... [--list] [--jobs N] [--keep] [--verbose]\n"
    "              [--fabric netns|proxy] [--report FILE]\n";
constexpr int kWrongUsage = 64;
constexpr int kFailed = 1;
constexpr int kSkipped = 77;
constexpr int kInterrupted = 130;

struct Arguments {
  std::vector<std::string> scenarios;
  bool list = false;
  bool verbose = false;
  std::string fabric;
  std::string report;
  RunOptions run{.jobs = 3};
  // For a scenario's own process.
  std::string stage;
  int result = -1;
  std::string keep_in;
};

// Returns false if the arguments are wrong.
bool Parse(int argc, char** argv, Arguments& arguments) {
  RunOptions& run = arguments.run;
  const std::map<std::string, bool*> flags = {
      {"--list", &arguments.list}, {"--keep", &run.keep}, {"--verbose", &arguments.verbose}};
  const std::map<std::string, std::string*> texts = {
      {"--fabric", &arguments.fabric},
      {"--report", &arguments.report},
      {"--stage", &arguments.stage},
      {"--keep-in", &arguments.keep_in},
      {"--why-no-namespaces", &run.why_no_namespaces}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (const auto flag = flags.find(word); flag != flags.end()) {
      *flag->second = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (const auto text = texts.find(word); text != texts.end()) {
      *text->second = value;
    } else if (word == "--scenario") {
      arguments.scenarios.push_back(value);
    } else if (word == "--jobs") {
      run.jobs = std::strtoul(value.c_str(), nullptr, 10);
    } else if (word == "--result") {
      arguments.result = static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
    } else {
      return false;
    }
  }
  const std::string& fabric = arguments.fabric;
  return run.jobs > 0 && (fabric.empty() || fabric == "netns" || fabric == "proxy");
}

std::vector<const Scenario*> Choose(const Arguments& arguments) {
  std::vector<const Scenario*> chosen;
  for (const Scenario& scenario : Scenarios()) {
    bool wanted = arguments.scenarios.empty();
    for (const auto& name : arguments.scenarios) wanted = wanted || name == scenario.name;
    if (wanted) chosen.push_back(&scenario);
  }
  return chosen;
}

// The first name without a scenario; empty: every name has one.
std::string FindUnknown(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const auto& all = Scenarios();
    if (std::none_of(all.begin(), all.end(), [&](const auto& s) { return s.name == name; })) {
      return name;
    }
  }
  return {};
}

std::string Today() {
  char text[32];
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm day{};
  ::gmtime_r(&now, &day);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &day);
  return text;
}

int Run(Arguments& arguments, const std::vector<const Scenario*>& scenarios) {
  if (const std::string why = WhyNoSite(); !why.empty()) {
    std::printf("skipped: %s\n", why.c_str());
    return kSkipped;
  }
  if (arguments.fabric == "proxy") {
    arguments.run.why_no_namespaces = "--fabric proxy";
  } else {
    arguments.run.why_no_namespaces = WhyNoNamespaces();
    if (!arguments.run.why_no_namespaces.empty()) {
      std::printf("no namespaces: %s\n", arguments.run.why_no_namespaces.c_str());
      if (arguments.fabric == "netns") return kFailed;
    }
  }
  const TimePoint begun = std::chrono::steady_clock::now();
  const auto outcomes = RunScenarios(scenarios, arguments.run, [&](const Outcome& outcome) {
    std::printf("%s\n", ProgressLine(outcome).c_str());
    if (arguments.verbose || outcome.kind == Outcome::Kind::kFailed) {
      std::printf("%s", FailureText(outcome).c_str());
    }
    std::fflush(stdout);
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("%s; %.0f s\n", Totals(outcomes).c_str(), took.count());
  if (!arguments.report.empty()) {
    sandbox::WriteFile(arguments.report, Report(scenarios, outcomes,
                                                {.date = Today(),
                                                 .machine = MachineLine(),
                                                 .jobs = arguments.run.jobs,
                                                 .took_s = took.count()}));
  }
  bool all_skipped = true;
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == Outcome::Kind::kFailed) return kFailed;
    all_skipped = all_skipped && outcome.kind == Outcome::Kind::kSkipped;
  }
  return all_skipped ? kSkipped : 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    return kWrongUsage;
  }
  if (!arguments.stage.empty()) {
    return RunStage(arguments.stage, arguments.result, arguments.keep_in,
                    arguments.run.why_no_namespaces);
  }
  if (const std::string unknown = FindUnknown(arguments.scenarios); !unknown.empty()) {
    std::fprintf(stderr, "no scenario %s: see --list\n", unknown.c_str());
    return kWrongUsage;
  }
  const auto scenarios = Choose(arguments);
  if (arguments.list) {
    for (const Scenario* scenario : scenarios) {
      std::printf("%-40s %s\n", scenario->name.c_str(), scenario->must_hold.c_str());
    }
    return 0;
  }
  return Run(arguments, scenarios);
}

}  // namespace
}  // namespace zkcluster::faults

int main(int argc, char** argv) {
  try {
    return zkcluster::faults::Main(argc, argv);
  } catch (const zkcluster::faults::Interrupted&) {
    std::fputs("interrupted\n", stderr);
    return zkcluster::faults::kInterrupted;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return zkcluster::faults::kFailed;
  }
}
