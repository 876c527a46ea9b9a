#include "zk/session_tracker.h"

#include <algorithm>

namespace zkcluster::zk {
namespace {

// Servers expire sessions in whole ticks and rounded up, so a session may live somewhat
// longer than its timeout. If it were given up too early, its ephemerals would remain beside those
// of the next one.
constexpr Duration LossMargin(Duration timeout) {
  return timeout / 3;
}

}  // namespace

void SessionTracker::Established(TimePoint sent, Duration negotiated_timeout) {
  phase_ = Phase::kEstablished;
  timeout_ = negotiated_timeout;
  last_sent_ = std::max(last_sent_, sent);
}

void SessionTracker::Answered(TimePoint sent) {
  // While connecting or after the end there is no session that an answer could prolong. While
  // the connection is broken, a late answer still proves that the session lived when the
  // request was sent.
  if (phase_ == Phase::kEstablished || phase_ == Phase::kBroken)
    last_sent_ = std::max(last_sent_, sent);
}

void SessionTracker::Disconnected() {
  if (phase_ == Phase::kEstablished) phase_ = Phase::kBroken;
}

void SessionTracker::Expired() {
  phase_ = Phase::kExpired;
}

void SessionTracker::Reopen() {
  phase_ = Phase::kConnecting;
}

SessionState SessionTracker::StateAt(TimePoint now) const {
  switch (phase_) {
    case Phase::kConnecting:
      return SessionState::kConnecting;
    case Phase::kExpired:
      return SessionState::kLost;
    case Phase::kEstablished:
    case Phase::kBroken:
      break;
  }
  if (now >= last_sent_ + timeout_ + LossMargin(timeout_)) return SessionState::kLost;
  if (phase_ == Phase::kBroken || now >= last_sent_ + timeout_ * 2 / 3)
    return SessionState::kSuspended;
  return SessionState::kConnected;
}

TimePoint SessionTracker::NextChange(TimePoint now) const {
  switch (StateAt(now)) {
    case SessionState::kConnected:
      return last_sent_ + timeout_ * 2 / 3;
    case SessionState::kSuspended:
      return last_sent_ + timeout_ + LossMargin(timeout_);
    case SessionState::kConnecting:
    case SessionState::kLost:
      break;
  }
  return TimePoint::max();
}

}  // namespace zkcluster::zk
