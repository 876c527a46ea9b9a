#include "checker/rules/standing.h"

#include <algorithm>
#include <cstdint>

namespace zkcluster {

namespace {

// How far the numbers are apart, from `earlier` to `later`; at least half of the circle where it is
// the other way round.
std::uint32_t Distance(const Candidate& earlier, const Candidate& later) {
  return static_cast<std::uint32_t>(later.name.sequence) -
         static_cast<std::uint32_t>(earlier.name.sequence);
}

bool IsBefore(const Candidate& a, const Candidate& b) {
  // At its maximum the server's counter stops (3.8, measured): all later candidates have the same
  // number, and without an order among them nobody would lead.
  if (a.name.sequence == b.name.sequence) return a.node < b.node;
  return SequenceBefore(a.name.sequence, b.name.sequence);
}

}  // namespace

std::vector<Candidate> SortCandidates(const std::vector<std::string>& nodes) {
  std::vector<Candidate> sorted;
  sorted.reserve(nodes.size());
  for (const auto& node : nodes) {
    if (auto name = ParseCandidateName(node)) sorted.push_back({node, *std::move(name)});
  }
  if (sorted.empty()) return sorted;
  // Numbers that wrap have no order when they lie all around the circle, as they do only with a
  // ghost among them. Counted from one of them they have one in any case.
  const std::int32_t from = std::min_element(sorted.begin(), sorted.end(), [](auto& a, auto& b) {
                              return a.node < b.node;
                            })->name.sequence;
  const auto place = [from](const Candidate& one) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(one.name.sequence) -
                                     static_cast<std::uint32_t>(from));
  };
  std::sort(sorted.begin(), sorted.end(), [&](const Candidate& a, const Candidate& b) {
    return place(a) == place(b) ? a.node < b.node : place(a) < place(b);
  });
  return sorted;
}

Standing FindStanding(const std::vector<Candidate>& sorted, std::string_view id,
                      std::string_view guid, std::string_view own_node) {
  Standing standing;
  const auto own = std::find_if(sorted.begin(), sorted.end(), [&](const Candidate& candidate) {
    return candidate.node == own_node;
  });
  standing.registered = own != sorted.end();
  for (const auto& candidate : sorted) {
    if (candidate.node == own_node) continue;
    // By the two numbers alone: a ghost somewhere else on the circle must not decide who is first.
    const bool before = standing.registered && IsBefore(candidate, *own);
    if (before) standing.before.push_back(candidate);
    if (candidate.name.guid == guid) {
      standing.ghosts.push_back(candidate);
    } else if (before && candidate.name.id == id && !standing.twin) {
      standing.twin = candidate;
    }
  }
  std::sort(standing.before.begin(), standing.before.end(),
            [&](const Candidate& a, const Candidate& b) {
              const auto far = Distance(a, *own);
              const auto near = Distance(b, *own);
              return far == near ? a.node < b.node : far > near;
            });
  standing.first = standing.registered && standing.before.empty();
  if (!standing.before.empty()) standing.predecessor = standing.before.back();
  return standing;
}

}  // namespace zkcluster
