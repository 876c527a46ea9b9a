// Which deliberate fault is on. The copies of the production sources that tests/sim/mutants.py
// makes ask this; nothing else does. Set once, before the first world is made. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zkcluster::sim {

void SetMutant(std::string name);  // empty: none
[[nodiscard]] bool IsMutant(std::string_view name);

struct Mutant {
  const char* name;
  const char* what;  // what is wrong with it
};
[[nodiscard]] const std::vector<Mutant>& Mutants();  // all that mutants.py makes

}  // namespace zkcluster::sim
