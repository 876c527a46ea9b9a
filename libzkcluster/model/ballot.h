// A ballot: one checker's published opinions on every server of one spec, in the order of
// ServersOf. Silence (kNotProbed) is not a vote. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/enum_array.h"
#include "model/reason.h"
#include "model/spec_id.h"

namespace zkcluster {

enum class Opinion : unsigned char {
  kNotProbed = 0,  // this checker has not probed it since it joined
  kAlive = 1,
  kDead = 2,
  // Probed without a conclusion: the name does not resolve, this host has no route, or the first
  // probes failed and the threshold has not passed yet.
  kUnknown = 3,
};
constexpr Opinion LastOf(Opinion) {
  return Opinion::kUnknown;
}

struct Vote {
  Opinion opinion = Opinion::kNotProbed;
  Reason reason = Reason::kNone;  // of kDead and kUnknown
  // Of kUnknown: this checker knows nothing but failures, for less than the threshold. The vote
  // counts as dead where no status was ever decided, and as unknown elsewhere.
  bool first = false;
  bool operator==(const Vote&) const = default;
};

// How many votes hold each opinion.
using OpinionCounts = EnumArray<Opinion, std::size_t>;
[[nodiscard]] OpinionCounts CountOpinions(const std::vector<Vote>& votes);

// How far a flapping server is on its way back to alive, for people: nothing is decided by it.
struct ReturningServer {
  std::size_t server = 0;  // its place
  int required = 0;        // good probes in a row that it needs
  int good = 0;            // that it had when the ballot was written
  bool operator==(const ReturningServer&) const = default;
};
// A ballot names no more of them.
inline constexpr std::size_t kMaxReturning = 500;

struct Ballot {
  SpecId spec;
  std::uint64_t writes = 0;                     // 1, 2, 3 ... within one life of the znode
  std::vector<Vote> votes;                      // one per server
  std::string rack;                             // of the checker; empty: its file names none
  std::vector<ReturningServer> returning = {};  // in the order of their places
  bool operator==(const Ballot&) const = default;
};
using Ballots = std::map<std::string, Ballot>;  // by the voter's id

}  // namespace zkcluster
