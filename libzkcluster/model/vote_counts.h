// How many checkers vote what. Pure.
#pragma once

namespace zkcluster {

// Votes on one server. Voters that have not probed it, or are silent, are in none of the three.
struct VoteCounts {
  int alive = 0;
  int dead = 0;
  int unknown = 0;
  bool operator==(const VoteCounts&) const = default;
};

}  // namespace zkcluster
