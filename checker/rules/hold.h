// What can hold every decision of a cluster back, however the votes stand: a Go checker
// beside us, a spec newer than this program or older than the status, and an operator's pause. (A freeze holds deaths
// alone: see freeze.h.) Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ledger.h"

namespace zkcluster {

struct HoldFacts {
  std::vector<std::string> go_voters;  // live `n_` znodes
  std::optional<Pause> pause;
  Micros now{0};  // wall clock
  // The spec that stands is bad, and the last good one seen here is older than the one that the
  // status is of: whoever saw that one is gone.
  bool behind_status = false;
  // The spec that stands is made for a newer zkcluster: so may be what a decision would write over.
  bool newer_spec = false;
};

enum class Hold : unsigned char {
  kNone,
  // A Go leader is not fenced and counts only the checkers present: never decide beside it.
  kGoCheckers,
  kNewerSpec,     // what we write may lack what the newer spec needs
  kBehindStatus,  // a status of an older spec would take shards back that an operator removed
  kPaused,
};

[[nodiscard]] Hold FindHold(const HoldFacts& facts);
[[nodiscard]] std::string_view HoldName(Hold hold);         // "none", "go_checkers" ...
[[nodiscard]] std::string_view HoldExplanation(Hold hold);  // a sentence for people

}  // namespace zkcluster
