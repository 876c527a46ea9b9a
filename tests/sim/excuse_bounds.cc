#include "tests/sim/excuse_bounds.h"

#include <fmt/format.h>

namespace zkcluster::sim {
namespace {

using history::Excuse;

constexpr double kFree = 10;

constexpr ExcuseBound kBounds[] = {
    {Excuse::kOperatorRemoved, 1000, Per::kCommits},
};

}  // namespace

std::span<const ExcuseBound> ExcuseBounds() {
  return kBounds;
}

std::string ExcuseCounterOf(Excuse excuse) {
  return "excuse." + std::string(history::ExcuseName(excuse));
}

std::vector<std::string> TooManyExcuses(const Counters& counters, std::uint64_t seeds) {
  std::vector<std::string> too_many;
  if (seeds < kSeedsToBound) return too_many;
  for (const ExcuseBound& bound : kBounds) {
    const std::string name = ExcuseCounterOf(bound.excuse);
    const bool by_commits = bound.per == Per::kCommits;
    const auto units = static_cast<double>(by_commits ? counters.Get("commits") : seeds);
    const double allowed = bound.most * units / 1000 + kFree;
    const std::uint64_t used = counters.Get(name);
    if (static_cast<double>(used) <= allowed) continue;
    too_many.push_back(fmt::format("{} was needed {} times, allowed are {:.0f}: {:g} in 1,000 {}",
                                   name, used, allowed, bound.most,
                                   by_commits ? "commits" : "seeds"));
  }
  return too_many;
}

}  // namespace zkcluster::sim
