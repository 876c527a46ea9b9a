#include "tests/sim/mutant.h"

#include <utility>

namespace zkcluster::sim {
namespace {

std::string& Current() {
  static std::string name;
  return name;
}

}  // namespace

void SetMutant(std::string name) {
  Current() = std::move(name);
}

bool IsMutant(std::string_view name) {
  return name == Current();
}

}  // namespace zkcluster::sim
