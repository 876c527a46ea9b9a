// Runs scenarios, each in a process of its own (in namespaces of its own where the machine allows
// them) and some at a time, and ends all of them when it is interrupted. Nothing is left behind:
// processes and mounts end with a scenario's first process, and its folder is removed. One thread,
// and before any other: it forks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/faults/outcome.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {

struct RunOptions {
  std::size_t jobs = 1;
  bool keep = false;              // copies each scenario's folder, and says where
  std::string why_no_namespaces;  // empty: use them
};

// Ctrl-C, SIGTERM or SIGHUP ended it early.
struct Interrupted {};

// In the order of `scenarios`. `done` is called with each as it ends.
// Throws Interrupted, std::runtime_error.
[[nodiscard]] std::vector<Outcome> RunScenarios(const std::vector<const Scenario*>& scenarios,
                                                const RunOptions& options,
                                                const std::function<void(const Outcome&)>& done);

// The arguments and the work of a scenario's own process: plays it and writes the outcome. `keep`:
// where its folder is to be copied; empty: nowhere.
[[nodiscard]] int RunStage(const std::string& scenario, int result, const std::string& keep,
                           const std::string& why_no_namespaces);

}  // namespace zkcluster::faults
