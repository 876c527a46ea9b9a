// An operator's action in the middle of a fault: changes a cluster and changes it back, or deletes
// it and creates it again. Every scenario marks its fault (Play::OperatorActs and similar calls);
// there each intervention of the table acts, in a variant of the scenario
// ("update_mid_leader_kill"). Used from the main thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/faults/site.h"

namespace zkcluster::faults {

class Play;

struct Intervention {
  std::string name;       // its variant of X is NAME_X
  std::string must_hold;  // besides the scenario's own conditions
  // Commands that are repeated until they succeed.
  std::function<void(Play&)> give_orders;
  // Waits for decisions that follow from them, and undoes the temporary changes.
  std::function<void(Play&)> await_decisions;
  // The first of the orders, given once, by an operator without a connection to the ensemble.
  std::function<Ran(Play&, const std::string& timeout)> try_in_vain;
};

[[nodiscard]] const std::vector<Intervention>& Interventions();

}  // namespace zkcluster::faults
