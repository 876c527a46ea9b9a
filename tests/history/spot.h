// Where in a cluster's tree a znode is. The judge sorts every operation of a history by it. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace zkcluster::history {

enum class Place : unsigned char {
  kBase,    // the cluster's own znode
  kShards,  // these three: the spec
  kOptions,
  kMirror,
  kGoBell,   // `localstatus`
  kGoVoter,  // a child of it
  kCandidate,
  kLeader,
  kVote,
  kVoteBell,  // `quorum/votes`, their parent
  kChunk,
  kHead,
  kLedger,
  kEvent,
  kOther,  // parents, and what no checker knows
};

struct Spot {
  std::string_view cluster;
  Place place = Place::kOther;
  std::string_view name;  // the last part, of children: a candidate, a voter's id, a chunk's number
};

// Both point into `path`. Nothing when `path` is not below the root ("/" or "/a/b").
[[nodiscard]] std::optional<Spot> FindSpot(std::string_view root, std::string_view path);

// The same where the root is not known, by the names of the znodes: for people. A znode directly
// below the root, or with a name of its own, is taken for a cluster's.
[[nodiscard]] Spot GuessSpot(std::string_view path);

}  // namespace zkcluster::history
