#include "checker/rules/freeze.h"

#include <algorithm>
#include <cmath>

namespace zkcluster {

namespace {

constexpr double kThaw = 0.75;  // of the fraction
// In binary, 0.3 x 10 is a little less than 3.
constexpr double kRounding = 1e-9;

}  // namespace

std::size_t DeadAllowed(double max_dead_fraction, std::size_t shards) {
  const double allowed = std::floor(max_dead_fraction * static_cast<double>(shards) + kRounding);
  return std::max<std::size_t>(1, static_cast<std::size_t>(allowed));
}

std::size_t DeadToThaw(double max_dead_fraction, std::size_t shards) {
  const double bound =
      std::ceil(kThaw * max_dead_fraction * static_cast<double>(shards) - kRounding);
  // Never above the limit that would freeze it again.
  return std::clamp<std::size_t>(static_cast<std::size_t>(bound), 1,
                                 DeadAllowed(max_dead_fraction, shards));
}

FreezeStep StepFreeze(const Freeze& freeze, const FreezeFacts& facts, Micros now) {
  FreezeStep step;
  const bool wanted = facts.max_dead_fraction && *facts.max_dead_fraction < 1;
  if (!wanted) {
    step.ended = freeze.frozen;
    return step;
  }
  Freeze& next = step.next;
  next = freeze;
  const std::size_t most_dead = DeadAllowed(*facts.max_dead_fraction, facts.shards);
  if (next.accept && (facts.unheard == 0 || facts.would_be_dead > most_dead)) {
    next.accept = false;
    next.frozen = false;
    next.accepted = static_cast<int>(facts.would_be_dead);
  }
  if (facts.would_be_dead + facts.unheard < DeadToThaw(*facts.max_dead_fraction, facts.shards)) {
    step.ended = next.frozen;
    next = Freeze{};
    return step;
  }
  const std::size_t allowed =
      std::max(most_dead, static_cast<std::size_t>(std::max(0, next.accepted)));
  if (!next.frozen && facts.new_deaths > 0 && facts.would_be_dead > allowed) {
    next.frozen = true;
    next.since = now;
    next.dead = static_cast<int>(facts.would_be_dead);
    next.accepted = 0;
    step.began = true;
  }
  return step;
}

}  // namespace zkcluster
