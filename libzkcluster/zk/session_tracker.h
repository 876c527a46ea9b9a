// What a session is worth, judged by this process's own monotonic clock. The C client says
// "connected" for a moment after the process was stopped for a minute, and never says "expired"
// while it is disconnected; so the lease is computed here: it runs for two thirds of the session
// timeout from the moment at which the last answered request was *sent*, and the session counts as
// lost one whole timeout (and a margin) after that moment.
//
//   Connecting --established--> Connected
//   Connected  --lease over, or disconnected--> Suspended
//   Suspended  --answer, or established again after a disconnect--> Connected
//   Suspended  --timeout and margin over--> Lost
//   any        --expired--> Lost --Reopen--> Connecting
//
// Pure.
#pragma once

#include <zkcluster/session.h>
#include <zkcluster/time.h>

namespace zkcluster::zk {

class SessionTracker {
 public:
  explicit SessionTracker(Duration timeout) : timeout_(timeout) {}

  // A session was established or resumed by an exchange begun at `sent`.
  void Established(TimePoint sent, Duration negotiated_timeout);
  // An answer came to a request that was sent at `sent`. An older one than the newest so
  // far changes nothing.
  void Answered(TimePoint sent);
  // The connection broke; the session may live on.
  void Disconnected();
  // The ensemble reported that the session has expired.
  void Expired();
  // A new handle without a session.
  void Reopen();

  [[nodiscard]] SessionState StateAt(TimePoint now) const;
  // When StateAt will next change by itself; TimePoint::max() when it will not.
  [[nodiscard]] TimePoint NextChange(TimePoint now) const;
  [[nodiscard]] Duration timeout() const { return timeout_; }
  [[nodiscard]] TimePoint last_contact() const { return last_sent_; }

 private:
  enum class Phase { kConnecting, kEstablished, kBroken, kExpired };
  Phase phase_ = Phase::kConnecting;
  Duration timeout_;
  TimePoint last_sent_ = TimePoint::min();
};

}  // namespace zkcluster::zk
