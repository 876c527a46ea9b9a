#include "checker/rules/standing.h"

#include <algorithm>

namespace zkcluster {

std::vector<Candidate> SortCandidates(const std::vector<std::string>& nodes) {
  std::vector<Candidate> sorted;
  sorted.reserve(nodes.size());
  for (const auto& node : nodes) {
    if (auto name = ParseCandidateName(node)) sorted.push_back({node, *std::move(name)});
  }
  std::sort(sorted.begin(), sorted.end(), [](const Candidate& a, const Candidate& b) {
    // At its maximum the server's counter stops (3.8, measured): all later candidates have the same
    // number, and without an order among them nobody would lead.
    if (a.name.sequence == b.name.sequence) return a.node < b.node;
    return SequenceBefore(a.name.sequence, b.name.sequence);
  });
  return sorted;
}

Standing FindStanding(const std::vector<Candidate>& sorted, std::string_view id,
                      std::string_view guid, std::string_view own_node) {
  Standing standing;
  const Candidate* before = nullptr;
  for (const auto& candidate : sorted) {
    if (candidate.node == own_node) {
      standing.registered = true;
      standing.first = before == nullptr;
      if (before != nullptr) standing.predecessor = *before;
      standing.before.assign(sorted.data(), &candidate);
    } else if (candidate.name.guid == guid) {
      standing.ghosts.push_back(candidate);
    } else if (candidate.name.id == id && !standing.registered && !standing.twin) {
      standing.twin = candidate;
    }
    before = &candidate;
  }
  // Without an own node nothing is earlier than it.
  if (!standing.registered) standing.twin.reset();
  return standing;
}

}  // namespace zkcluster
