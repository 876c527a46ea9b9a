// Where in a cluster's tree a znode is. The judge sorts every operation of a history by this. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace zkcluster::history {

enum class Place : unsigned char {
  kBase,    // the cluster's own znode
  kShards,  // these three: the spec
  kOptions,
  kMirror,
  kGoSignal,  // `localstatus`
  kGoVoter,   // a child of it
  kCandidate,
  kLeader,
  kVote,
  kVoteSignal,  // `quorum/votes`, the parent of the votes
  kChunk,
  kHead,
  kLedger,
  kEvent,
  kOther,  // parents, and znodes that checkers do not use
};

struct Spot {
  std::string_view cluster;
  Place place = Place::kOther;
  std::string_view name;  // for children, the last part: a candidate, a voter's id, a chunk number
};

// Both views point into `path`. Nothing when `path` is not below the root ("/" or "/a/b").
[[nodiscard]] std::optional<Spot> FindSpot(std::string_view root, std::string_view path);

// The same for an unknown root, guessed from the names of the znodes: for lines that people read. A
// znode directly below the root, or with an unknown name, counts as a cluster's znode.
[[nodiscard]] Spot GuessSpot(std::string_view path);

}  // namespace zkcluster::history
