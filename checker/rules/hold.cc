#include "checker/rules/hold.h"

namespace zkcluster {

Hold FindHold(const HoldFacts& facts) {
  if (!facts.go_voters.empty()) return Hold::kGoCheckers;
  if (facts.newer_spec) return Hold::kNewerSpec;
  if (facts.behind_status) return Hold::kBehindStatus;
  if (facts.pause && !IsOver(*facts.pause, facts.now)) return Hold::kPaused;
  return Hold::kNone;
}

std::string_view HoldName(Hold hold) {
  switch (hold) {
    case Hold::kNone:
      return "none";
    case Hold::kGoCheckers:
      return "go_checkers";
    case Hold::kNewerSpec:
      return "newer_spec";
    case Hold::kBehindStatus:
      return "behind_status";
    case Hold::kPaused:
      return "paused";
  }
  return "none";
}

std::string_view HoldExplanation(Hold hold) {
  switch (hold) {
    case Hold::kNone:
      return "nothing holds decisions back";
    case Hold::kGoCheckers:
      return "a Go checker is registered: nothing is decided until the last one has stopped";
    case Hold::kNewerSpec:
      return "the spec is made for a newer zkcluster than this checker: nothing is decided until "
             "this checker is upgraded";
    case Hold::kBehindStatus:
      return "the spec is bad, and the last good one that this checker saw is older than the "
             "status: "
             "nothing is decided until the spec is mended";
    case Hold::kPaused:
      return "an operator has paused it: nothing flips until the pause ends";
  }
  return "";
}

}  // namespace zkcluster
