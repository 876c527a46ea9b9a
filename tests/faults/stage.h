// Plays one scenario from start to end, in a process of its own (see supervisor.h). Throws nothing.
#pragma once

#include <string>

#include "tests/faults/outcome.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {

// `why_no_namespaces`: if empty, the scenario runs in namespaces; otherwise the reason why it runs
// on loopback. `keep`: where all files are copied at the end; empty: nowhere.
[[nodiscard]] Outcome PlayScenario(const Scenario& scenario, const std::string& why_no_namespaces,
                                   const std::string& keep);

}  // namespace zkcluster::faults
