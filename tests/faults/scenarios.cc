#include <iterator>

#include "tests/faults/scenario.h"

namespace zkcluster::faults {

const std::vector<Scenario>& Scenarios() {
  static const std::vector<Scenario> kAll = [] {
    std::vector<Scenario> scenarios;
    for (auto family : {CheckerScenarios(), EnsembleScenarios(), NetworkScenarios(),
                        RedisScenarios(), OperatorScenarios(), HostScenarios()}) {
      scenarios.insert(scenarios.end(), std::make_move_iterator(family.begin()),
                       std::make_move_iterator(family.end()));
    }
    return scenarios;
  }();
  return kAll;
}

}  // namespace zkcluster::faults
