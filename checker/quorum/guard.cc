#include "checker/quorum/guard.h"

namespace zkcluster {

Hold FindHold(const GuardFacts& facts) {
  if (!facts.go_voters.empty()) return Hold::kGoCheckers;
  return Hold::kNone;
}

std::string_view HoldName(Hold hold) {
  switch (hold) {
    case Hold::kNone:
      return "none";
    case Hold::kGoCheckers:
      return "go_checkers";
  }
  return "none";
}

std::string_view HoldExplanation(Hold hold) {
  switch (hold) {
    case Hold::kNone:
      return "nothing holds decisions back";
    case Hold::kGoCheckers:
      return "a Go checker is registered: nothing is decided until the last one has stopped";
  }
  return "";
}

}  // namespace zkcluster
