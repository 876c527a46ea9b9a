// Safeguards: the settings of a spec without which a cluster flips more easily. A Go manager knows
// none of them and drops them with each write, which would let out all that a freeze holds back, or
// let fewer checkers decide. So the leader remembers those in force in its ledger. What vanishes in
// a spec that was not written by one transaction stays in force until zkctl or Manager, which write
// all of a spec in one, have written. Conclude (checker/rules/round.h) counts by them. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zkcluster {

struct Safeguards {
  std::optional<int> checkers;
  std::optional<int> quorum;
  std::optional<int> min_racks;
  std::optional<double> max_dead_fraction;
  std::set<std::string> lost;  // keys of those that the spec no longer has
  std::string unknown_keys;
  bool operator==(const Safeguards&) const = default;
  [[nodiscard]] bool any() const { return checkers || quorum || min_racks || max_dead_fraction; }
};

// Those in force. `remembered`: of the commit before; nothing: none.
[[nodiscard]] Safeguards SafeguardsInForce(const ClusterSpec& spec, bool from_one_write,
                                           const std::optional<Safeguards>& remembered);

// `spec` with these settings in the place of its own.
[[nodiscard]] ClusterSpec WithSafeguards(ClusterSpec spec, const Safeguards& safeguards);

// Of the lost ones, "max_dead_fraction=0.25", without those that `reported` has.
[[nodiscard]] std::vector<std::string> LostWithValues(const Safeguards& safeguards,
                                                      const std::set<std::string>& reported = {});

}  // namespace zkcluster
