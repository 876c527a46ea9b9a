#include <iterator>

#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

Scenario Amid(const Scenario& scenario, const Intervention& intervention) {
  Scenario variant = scenario;
  variant.name = intervention.name + "_" + scenario.name;
  variant.must_hold = "as without; " + intervention.must_hold;
  variant.intervention = &intervention;
  return variant;
}

}  // namespace

const std::vector<Scenario>& Scenarios() {
  static const std::vector<Scenario> kAll = [] {
    std::vector<Scenario> scenarios;
    for (auto family : {CheckerScenarios(), EnsembleScenarios(), NetworkScenarios(),
                        NameScenarios(), RedisScenarios(), OperatorScenarios(), HostScenarios()}) {
      scenarios.insert(scenarios.end(), std::make_move_iterator(family.begin()),
                       std::make_move_iterator(family.end()));
    }
    const std::size_t faults = scenarios.size();
    for (const Intervention& intervention : Interventions()) {
      for (std::size_t i = 0; i < faults; ++i) {
        scenarios.push_back(Amid(scenarios[i], intervention));
      }
    }
    return scenarios;
  }();
  return kAll;
}

}  // namespace zkcluster::faults
