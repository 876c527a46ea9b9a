// This checker's position in the election of one cluster, derived only from the names of
// the candidates. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/paths.h"

namespace zkcluster {

struct Candidate {
  std::string node;  // name of its znode
  CandidateName name;
  bool operator==(const Candidate&) const = default;
};

// Sorted by sequence number; foreign names are left out.
[[nodiscard]] std::vector<Candidate> SortCandidates(const std::vector<std::string>& nodes);

struct Standing {
  bool registered = false;  // own candidate is among them
  bool first = false;
  std::optional<Candidate> predecessor;  // when registered and not first
  std::vector<Candidate> before;         // when registered, in order; the predecessor is the last
  // An earlier candidate with this id and another guid: a living twin, or the ghost of a former
  // process whose session has not run out. The later one must wait.
  std::optional<Candidate> twin;
  // Own guid, but not `own_node`: made by a former session, or by a create whose answer was lost.
  std::vector<Candidate> ghosts;
};

[[nodiscard]] Standing FindStanding(const std::vector<Candidate>& sorted, std::string_view id,
                                    std::string_view guid, std::string_view own_node);

}  // namespace zkcluster
