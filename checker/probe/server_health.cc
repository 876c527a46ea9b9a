#include "checker/probe/server_health.h"

#include <algorithm>
#include <utility>

#include "model/flapping.h"
#include "model/limits.h"

namespace zkcluster {
namespace {

// Of an interval. Probes begin at least nine tenths of one after each other.
constexpr int kPacePercent = 85;

}  // namespace

Duration FastInterval(const HealthSettings& settings) {
  return std::min({settings.fast_interval, settings.interval, settings.refused_threshold / 2});
}

ProbeResult JudgeLate(const ProbeResult& result, const StallDetector& turns, TimePoint started,
                      Duration timeout) {
  if (result.reason != Reason::kTimeout || turns.StoppedSince(started) < timeout / 2) return result;
  ProbeResult judged = result;
  judged.verdict = ProbeVerdict::kInconclusive;
  judged.reason = Reason::kLocalLimit;
  return judged;
}

ServerHealth::ServerHealth(const HealthSettings& settings, const FormerDeaths& former)
    : settings_(settings),
      down_(former.dead),
      required_(std::clamp(former.required, 0, MaxRequired(settings.threshold, settings.interval))),
      lived_(former.lived) {}

Opinion ServerHealth::OpinionOf(State state) {
  switch (state) {
    case State::kNotProbed:
      return Opinion::kNotProbed;
    case State::kAlive:
      return Opinion::kAlive;
    case State::kDead:
      return Opinion::kDead;
    case State::kUndecided:
    case State::kFirstFailed:
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
  // Time in which nobody asked is no life.
  if (was_alive()) lived_ += std::min(now - last_success_, LongestGap());
  last_success_ = last_evidence_ = now;
  failures_in_a_row_ = doubts_in_a_row_ = 0;
  only_refused_ = true;
  if (down_ && !Returns(now)) {
    return was_dead() ? Enter(State::kDead, failure_reason_)
                      : Enter(State::kUndecided, Reason::kNone);
  }
  return Enter(State::kAlive, Reason::kNone);
}

// A good probe while it is down: whether it is back.
bool ServerHealth::Returns(TimePoint now) {
  const bool counts =
      good_in_a_row_ == 0 || now - last_counted_ >= settings_.interval * kPacePercent / 100;
  if (counts) {
    ++good_in_a_row_;
    last_counted_ = now;
  }
  if (good_in_a_row_ < required_) return false;
  down_ = false;
  good_in_a_row_ = 0;
  lived_ = Duration(0);
  return true;
}

std::optional<ServerHealth::Transition> ServerHealth::Die() {
  if (!std::exchange(down_, true)) {
    required_ = NextPenalty(required_, lived_, {settings_.interval, settings_.threshold});
    good_in_a_row_ = 0;
  }
  return Enter(State::kDead, failure_reason_);
}

// The longest time between two answers while nothing is wrong.
Duration ServerHealth::LongestGap() const {
  return settings_.interval * 11 / 10 + settings_.timeout;
}

std::optional<ServerHealth::Transition> ServerHealth::OnFailure(Reason reason, TimePoint now) {
  last_evidence_ = now;
  doubts_in_a_row_ = good_in_a_row_ = 0;
  if (++failures_in_a_row_ == 1) silent_since_ = SilentSince();
  // A process that dies before it answers resets the connection, and connects are refused
  // from then on.
  const bool death_itself = reason == Reason::kReset && failures_in_a_row_ == 1;
  if (reason != Reason::kRefused && !death_itself) only_refused_ = false;
  failure_reason_ = reason;
  if (may_die()) return Tick(now);
  return was_dead() ? Enter(State::kDead, reason) : Enter(State::kFirstFailed, reason);
}

// Time in which nobody asked says nothing about the server. A probe starts up to 1.1 intervals
// after the one before.
TimePoint ServerHealth::SilentSince() const {
  if (!was_alive()) return asked_;
  return std::max(last_success_, asked_ - settings_.interval * 11 / 10);
}

std::optional<ServerHealth::Transition> ServerHealth::OnDoubt(Reason reason, TimePoint now) {
  // If the caller's timer is late, the threshold may have passed already before this doubt.
  const auto overdue = Tick(now);
  ++doubts_in_a_row_;
  doubt_reason_ = reason;
  if (overdue) return overdue;
  if (state_ == State::kNotProbed) return Enter(State::kUndecided, reason);
  return Tick(now);
}

std::optional<ServerHealth::Transition> ServerHealth::OnDoubtsAlone() {
  // Earlier failures must not count together with later ones: two in a row are needed again.
  failures_in_a_row_ = 0;
  only_refused_ = true;
  if (was_alive()) return Enter(State::kAliveInDoubt, doubt_reason_);
  if (was_dead()) return Enter(State::kDeadInDoubt, doubt_reason_);
  return Enter(State::kUndecided, doubt_reason_);
}

std::optional<ServerHealth::Transition> ServerHealth::Tick(TimePoint now) {
  if (now < NextDeadline()) return std::nullopt;
  return doubts_in_a_row_ > 0 ? OnDoubtsAlone() : Die();
}

TimePoint ServerHealth::NextDeadline() const {
  if (doubts_in_a_row_ > 0) {
    const bool decided =
        state_ == State::kAlive || state_ == State::kDead || state_ == State::kFirstFailed;
    return decided && doubts_in_a_row_ >= 2 ? last_evidence_ + settings_.threshold
                                            : TimePoint::max();
  }
  const bool enough = may_die() && failures_in_a_row_ >= 2;
  return enough ? silent_since_ + Limit() : TimePoint::max();
}

std::optional<ServerHealth::Transition> ServerHealth::Stalled(Duration lateness, TimePoint now) {
  if (lateness > settings_.threshold) {
    failures_in_a_row_ = doubts_in_a_row_ = good_in_a_row_ = 0;
    only_refused_ = true;
    return Enter(State::kNotProbed, Reason::kNone);
  }
  last_success_ = std::min(now, last_success_ + lateness);
  silent_since_ = std::min(now, silent_since_ + lateness);
  last_evidence_ = std::min(now, last_evidence_ + lateness);
  return std::nullopt;
}

bool ServerHealth::suspect() const {
  return may_die() && failures_in_a_row_ > 0 && doubts_in_a_row_ == 0;
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
