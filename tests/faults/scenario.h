// One scenario: what happens, what must hold, and what it needs. The files scenarios_*.cc make the
// table, one family each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/faults/fabric.h"
#include "tests/faults/play.h"
#include "tests/faults/site.h"

namespace zkcluster::faults {

struct Scenario {
  std::string name;
  std::string must_hold;  // besides every scenario's: no violation, no false flip, recovery
  SiteOptions site = {};
  std::vector<Need> needs = {};
  bool may_flip_falsely = false;  // false flips are counted and excused
  std::function<void(Play&)> play = {};
  // The reason why this machine cannot; empty or null: it can.
  std::function<std::string()> why_not = {};
  const Intervention* intervention = nullptr;  // during the fault
};

// In the order of the report: those of each family, and then each again with each intervention.
[[nodiscard]] const std::vector<Scenario>& Scenarios();

[[nodiscard]] std::vector<Scenario> CheckerScenarios();
[[nodiscard]] std::vector<Scenario> EnsembleScenarios();
[[nodiscard]] std::vector<Scenario> NameScenarios();
[[nodiscard]] std::vector<Scenario> NetworkScenarios();
[[nodiscard]] std::vector<Scenario> RedisScenarios();
[[nodiscard]] std::vector<Scenario> OperatorScenarios();
[[nodiscard]] std::vector<Scenario> HostScenarios();

}  // namespace zkcluster::faults
