// Plays one scenario from start to end, in a process of its own (see supervisor.h). Throws nothing.
#pragma once

#include <string>

#include "tests/faults/outcome.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {

// `why_no_namespaces`: empty, and the scenario plays in namespaces; else why it cannot, and it
// plays on loopback. `keep`: where all files are copied in the end; empty: nowhere.
[[nodiscard]] Outcome PlayScenario(const Scenario& scenario, const std::string& why_no_namespaces,
                                   const std::string& keep);

}  // namespace zkcluster::faults
