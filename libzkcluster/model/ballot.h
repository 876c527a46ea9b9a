// A ballot: one checker's published opinions on every shard of one spec, in spec order. Silence
// (kNotProbed) is not a vote. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/board.h"
#include "model/reason.h"

namespace zkcluster {

enum class Opinion : unsigned char {
  kNotProbed = 0,  // this checker has not probed it since it joined
  kAlive = 1,
  kDead = 2,
  // Probed, but it cannot tell: the name does not resolve, this host has no route ...
  kUnknown = 3,
};

struct Vote {
  Opinion opinion = Opinion::kNotProbed;
  Reason reason = Reason::kNone;  // of kDead and kUnknown
  bool operator==(const Vote&) const = default;
};

struct Ballot {
  SpecId spec;
  std::uint64_t writes = 0;  // 1, 2, 3 ... within one life of the znode
  std::vector<Vote> votes;   // one per shard
  std::string rack;          // of the checker; empty: its file names none
  bool operator==(const Ballot&) const = default;
};

}  // namespace zkcluster
