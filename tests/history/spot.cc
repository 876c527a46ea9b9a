#include "tests/history/spot.h"

#include <array>
#include <utility>

namespace zkcluster::history {
namespace {

struct Known {
  std::string_view path;
  Place place;
};

constexpr std::array kAlone = {
    Known{"", Place::kBase},
    Known{"/shards", Place::kShards},
    Known{"/options", Place::kOptions},
    Known{"/status", Place::kMirror},
    Known{"/localstatus", Place::kGoSignal},
    Known{"/quorum/votes", Place::kVoteSignal},
    Known{"/quorum/leader", Place::kLeader},
    Known{"/quorum/head", Place::kHead},
    Known{"/quorum/ledger", Place::kLedger},
};
constexpr std::array kChildren = {
    Known{"/quorum/votes/", Place::kVote},   Known{"/quorum/status/", Place::kChunk},
    Known{"/quorum/events/", Place::kEvent}, Known{"/quorum/election/", Place::kCandidate},
    Known{"/localstatus/", Place::kGoVoter},
};

// `rest` is what follows the cluster's own path.
Spot Sort(std::string_view cluster, std::string_view rest) {
  for (const Known& known : kAlone) {
    if (rest == known.path) return {cluster, known.place, {}};
  }
  for (const Known& known : kChildren) {
    if (!rest.starts_with(known.path)) continue;
    const std::string_view name = rest.substr(known.path.size());
    if (name.empty() || name.find('/') != std::string_view::npos) break;
    return {cluster, known.place, name};
  }
  return {cluster, Place::kOther, {}};
}

std::string_view LastPart(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

std::optional<Spot> FindSpot(std::string_view root, std::string_view path) {
  if (root == "/") root = "";
  if (!path.starts_with(root) || path.size() <= root.size() + 1 || path[root.size()] != '/') {
    return std::nullopt;
  }
  const std::string_view below = path.substr(root.size() + 1);
  const std::string_view cluster = below.substr(0, below.find('/'));
  return Sort(cluster, below.substr(cluster.size()));
}

Spot GuessSpot(std::string_view path) {
  // `/quorum` first: below it are a `status` and, in foreign trees, anything.
  for (const std::string_view mark :
       {"/quorum", "/localstatus", "/shards", "/options", "/status"}) {
    const auto at = path.rfind(mark);
    if (at == std::string_view::npos || at == 0) continue;
    const std::string_view rest = path.substr(at);
    if (rest.size() > mark.size() && rest[mark.size()] != '/') continue;
    return Sort(LastPart(path.substr(0, at)), rest);
  }
  return {LastPart(path), Place::kBase, {}};
}

}  // namespace zkcluster::history
