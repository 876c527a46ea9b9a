// The causes that hold back every decision of a cluster, independently of the votes: a Go checker
// beside us, a spec newer than this program or older than the status, and an operator's pause. (A
// freeze holds back only deaths: see freeze.h.) Pure.
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
  Micros now{0};  // ZooKeeper's wall clock
  // The current spec is bad, and the last good one that this checker saw is older than the
  // status's: the checker that saw that one is gone.
  bool behind_status = false;
  // The current spec is made for a newer zkcluster: a decision might overwrite records that
  // are newer, too.
  bool newer_spec = false;
};

enum class Hold : unsigned char {
  kNone,
  // A Go leader is not fenced and counts only the checkers that are present: never
  // decide beside it.
  kGoCheckers,
  kNewerSpec,     // our records may lack what the newer spec needs
  kBehindStatus,  // a status of an older spec would bring back shards that an operator removed
  kPaused,
};

[[nodiscard]] Hold FindHold(const HoldFacts& facts);
[[nodiscard]] std::string_view HoldName(Hold hold);         // "none", "go_checkers" ...
[[nodiscard]] std::string_view HoldExplanation(Hold hold);  // a sentence for people

}  // namespace zkcluster
