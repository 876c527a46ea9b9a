#include "checker/probe/server_health.h"

#include <algorithm>
#include <utility>

namespace zkcluster {

Duration FastInterval(const HealthSettings& settings) {
  return std::min({settings.fast_interval, settings.interval, settings.refused_threshold / 2});
}

ServerHealth::ServerHealth(const HealthSettings& settings, int required) : settings_(settings) {
  required_ = std::clamp(required, 1, MaxRequired());
}

std::optional<ServerHealth::Transition> ServerHealth::Become(Vote vote) {
  if (vote.opinion == vote_.opinion) return std::nullopt;
  return Transition{std::exchange(vote_, vote), vote};
}

std::optional<ServerHealth::Transition> ServerHealth::Observe(const ProbeResult& result,
                                                              TimePoint now) {
  switch (result.verdict) {
    case ProbeVerdict::kAlive:
      return OnSuccess(now);
    case ProbeVerdict::kFailed:
      return OnFailure(result.reason, now);
    case ProbeVerdict::kCannotTell:
      return OnDoubt(result.reason, now);
  }
  return std::nullopt;
}

std::optional<ServerHealth::Transition> ServerHealth::OnSuccess(TimePoint now) {
  last_success_ = last_evidence_ = now;
  failures_in_a_row_ = doubts_in_a_row_ = 0;
  only_refused_ = true;
  const bool first = !std::exchange(judged_, true);
  if (!first && down_) {
    if (++good_in_a_row_ < required_) return Become({Opinion::kDead, failure_reason_});
    required_ = std::min(required_ * 2, MaxRequired());
  } else if (vote_.opinion == Opinion::kAlive) {
    required_ = std::max(1, required_ - 1);
  }
  down_ = false;
  good_in_a_row_ = 0;
  return Become({Opinion::kAlive, Reason::kNone});
}

std::optional<ServerHealth::Transition> ServerHealth::OnFailure(Reason reason, TimePoint now) {
  last_evidence_ = now;
  doubts_in_a_row_ = good_in_a_row_ = 0;
  ++failures_in_a_row_;
  // A process that dies while it owes an answer resets the connection, and refuses from then on.
  const bool death_itself = reason == Reason::kReset && failures_in_a_row_ == 1;
  if (reason != Reason::kRefused && !death_itself) only_refused_ = false;
  failure_reason_ = reason;
  const bool first = !std::exchange(judged_, true);
  if (first || down_) {
    down_ = true;
    return Become({Opinion::kDead, reason});
  }
  return Tick(now);
}

std::optional<ServerHealth::Transition> ServerHealth::OnDoubt(Reason reason, TimePoint now) {
  // When the caller's timer is late, the time before this doubt may have been enough already.
  const auto overdue = Tick(now);
  ++doubts_in_a_row_;
  doubt_reason_ = reason;
  if (overdue) return overdue;
  if (!judged_) return Become({Opinion::kUnknown, reason});
  return Tick(now);
}

std::optional<ServerHealth::Transition> ServerHealth::Tick(TimePoint now) {
  if (now < NextDeadline()) return std::nullopt;
  if (doubts_in_a_row_ > 0) {
    // Failures of before must not meet one of after: two in a row again.
    failures_in_a_row_ = 0;
    only_refused_ = true;
    return Become({Opinion::kUnknown, doubt_reason_});
  }
  down_ = true;
  return Become({Opinion::kDead, failure_reason_});
}

TimePoint ServerHealth::NextDeadline() const {
  if (!judged_) return TimePoint::max();
  if (doubts_in_a_row_ > 0) {
    const bool enough = doubts_in_a_row_ >= 2 && vote_.opinion != Opinion::kUnknown;
    return enough ? last_evidence_ + settings_.threshold : TimePoint::max();
  }
  const bool enough = failures_in_a_row_ >= 2 && !down_;
  return enough ? last_success_ + Limit() : TimePoint::max();
}

std::optional<ServerHealth::Transition> ServerHealth::Stalled(Duration lateness, TimePoint now) {
  if (lateness > settings_.threshold) {
    judged_ = down_ = false;
    failures_in_a_row_ = doubts_in_a_row_ = good_in_a_row_ = 0;
    only_refused_ = true;
    return Become({Opinion::kNotProbed, Reason::kNone});
  }
  last_success_ = std::min(now, last_success_ + lateness);
  last_evidence_ = std::min(now, last_evidence_ + lateness);
  return std::nullopt;
}

bool ServerHealth::suspect() const {
  return judged_ && !down_ && failures_in_a_row_ > 0 && doubts_in_a_row_ == 0;
}

Duration ServerHealth::NextDelay() const {
  return suspect() ? std::min({settings_.fast_interval, settings_.interval, Limit() / 2})
                   : settings_.interval;
}

void ServerHealth::Retune(const HealthSettings& settings) {
  settings_ = settings;
  required_ = std::min(required_, MaxRequired());
}

Duration ServerHealth::Limit() const {
  return only_refused_ ? settings_.refused_threshold : settings_.threshold;
}

int ServerHealth::MaxRequired() const {
  if (settings_.interval <= Duration(0)) return 1;
  // An hour of threshold at 10 ms is 3,600,000: far from the end of an int.
  return static_cast<int>(
      std::clamp<Duration::rep>(10 * settings_.threshold / settings_.interval, 1, 1'000'000'000));
}

}  // namespace zkcluster
