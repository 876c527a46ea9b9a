#include "checker/probe/server_health.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace zkcluster {

Duration FastInterval(const HealthSettings& settings) {
  return std::min({settings.fast_interval, settings.interval, settings.refused_threshold / 2});
}

ProbeResult JudgeLate(const ProbeResult& result, const StallDetector& turns, TimePoint started,
                      Duration timeout) {
  if (result.reason != Reason::kTimeout || turns.LatenessSince(started) < timeout / 2)
    return result;
  ProbeResult judged = result;
  judged.verdict = ProbeVerdict::kInconclusive;
  judged.reason = Reason::kLocalLimit;
  return judged;
}

ServerHealth::ServerHealth(const HealthSettings& settings, int required)
    : settings_(settings),
      required_(std::clamp(required, 1, MaxRequired(settings.threshold, settings.interval))) {}

Opinion ServerHealth::OpinionOf(State state) {
  switch (state) {
    case State::kNotProbed:
      return Opinion::kNotProbed;
    case State::kAlive:
      return Opinion::kAlive;
    case State::kDead:
      return Opinion::kDead;
    case State::kUndecided:
    case State::kAliveInDoubt:
    case State::kDeadInDoubt:
      return Opinion::kUnknown;
  }
  return Opinion::kNotProbed;
}

std::optional<ServerHealth::Transition> ServerHealth::Enter(State state, Reason reason) {
  if (state == state_) return std::nullopt;
  const Vote from = vote();
  state_ = state;
  reason_ = reason;
  return Transition{from, vote()};
}

std::optional<ServerHealth::Transition> ServerHealth::Observe(const ProbeResult& result,
                                                              TimePoint now) {
  switch (result.verdict) {
    case ProbeVerdict::kAlive:
      return OnSuccess(now);
    case ProbeVerdict::kFailed:
      return OnFailure(result.reason, now);
    case ProbeVerdict::kInconclusive:
      return OnDoubt(result.reason, now);
  }
  return std::nullopt;
}

std::optional<ServerHealth::Transition> ServerHealth::OnSuccess(TimePoint now) {
  last_success_ = last_evidence_ = now;
  failures_in_a_row_ = doubts_in_a_row_ = 0;
  only_refused_ = true;
  if (was_dead()) {
    if (++good_in_a_row_ < required_) return Enter(State::kDead, failure_reason_);
    required_ = std::min(required_ * 2, MaxRequired(settings_.threshold, settings_.interval));
  } else if (state_ == State::kAlive) {
    required_ = std::max(1, required_ - 1);
  }
  good_in_a_row_ = 0;
  return Enter(State::kAlive, Reason::kNone);
}

std::optional<ServerHealth::Transition> ServerHealth::OnFailure(Reason reason, TimePoint now) {
  last_evidence_ = now;
  doubts_in_a_row_ = good_in_a_row_ = 0;
  ++failures_in_a_row_;
  // A process that dies before it answers resets the connection, and connects are refused
  // from then on.
  const bool death_itself = reason == Reason::kReset && failures_in_a_row_ == 1;
  if (reason != Reason::kRefused && !death_itself) only_refused_ = false;
  failure_reason_ = reason;
  if (was_alive()) return Tick(now);
  return Enter(State::kDead, reason);
}

std::optional<ServerHealth::Transition> ServerHealth::OnDoubt(Reason reason, TimePoint now) {
  // If the caller's timer is late, the threshold may have passed already before this doubt.
  const auto overdue = Tick(now);
  ++doubts_in_a_row_;
  doubt_reason_ = reason;
  if (overdue) return overdue;
  if (!was_alive() && !was_dead()) return Enter(State::kUndecided, reason);
  return Tick(now);
}

std::optional<ServerHealth::Transition> ServerHealth::Tick(TimePoint now) {
  if (now < NextDeadline()) return std::nullopt;
  if (doubts_in_a_row_ > 0) {
    // Earlier failures must not count together with later ones: two in a row are needed again.
    failures_in_a_row_ = 0;
    only_refused_ = true;
    return Enter(was_alive() ? State::kAliveInDoubt : State::kDeadInDoubt, doubt_reason_);
  }
  return Enter(State::kDead, failure_reason_);
}

TimePoint ServerHealth::NextDeadline() const {
  if (doubts_in_a_row_ > 0) {
    const bool decided = state_ == State::kAlive || state_ == State::kDead;
    return decided && doubts_in_a_row_ >= 2 ? last_evidence_ + settings_.threshold
                                            : TimePoint::max();
  }
  const bool enough = was_alive() && failures_in_a_row_ >= 2;
  return enough ? last_success_ + Limit() : TimePoint::max();
}

std::optional<ServerHealth::Transition> ServerHealth::Stalled(Duration lateness, TimePoint now) {
  if (lateness > settings_.threshold) {
    failures_in_a_row_ = doubts_in_a_row_ = good_in_a_row_ = 0;
    only_refused_ = true;
    return Enter(State::kNotProbed, Reason::kNone);
  }
  last_success_ = std::min(now, last_success_ + lateness);
  last_evidence_ = std::min(now, last_evidence_ + lateness);
  return std::nullopt;
}

bool ServerHealth::suspect() const {
  return was_alive() && failures_in_a_row_ > 0 && doubts_in_a_row_ == 0;
}

Duration ServerHealth::NextDelay() const {
  return suspect() ? std::min({settings_.fast_interval, settings_.interval, Limit() / 2})
                   : settings_.interval;
}

void ServerHealth::Retune(const HealthSettings& settings) {
  settings_ = settings;
  required_ = std::min(required_, MaxRequired(settings_.threshold, settings_.interval));
}

Duration ServerHealth::Limit() const {
  return only_refused_ ? settings_.refused_threshold : settings_.threshold;
}

}  // namespace zkcluster
