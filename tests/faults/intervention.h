// What an operator does in the middle of a fault: changes a cluster and changes it back, or deletes
// it and creates it again. Every scenario says where its fault is (Play::OperatorActs and its
// kin); there each intervention of the table strikes, in a variant of the scenario of its own
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
  std::string must_hold;  // beside what the scenario must
  // Commands that succeed, however often they have to be given.
  std::function<void(Play&)> give_orders;
  // Waits for decisions by them, and takes back what is to be taken back.
  std::function<void(Play&)> await_decisions;
  // The first of the orders, given once, by an operator whom no ensemble hears.
  std::function<Ran(Play&, const std::string& timeout)> try_in_vain;
};

[[nodiscard]] const std::vector<Intervention>& Interventions();

}  // namespace zkcluster::faults
