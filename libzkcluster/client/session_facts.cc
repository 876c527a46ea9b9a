#include "client/session_facts.h"

#include <algorithm>
#include <chrono>

namespace zkcluster {

void SessionFacts::Record(const zk::Client& client) {
  sessions_.store(client.generation(), std::memory_order_relaxed);
  session_timeout_.store(client.session_timeout().count(), std::memory_order_relaxed);
  const TimePoint contact = client.last_contact();
  if (contact != TimePoint::min()) {
    contact_.store(Duration(contact.time_since_epoch()).count(), std::memory_order_relaxed);
  }
  // Stored last, with release: a reader of "connected" must not judge it by an older contact.
  state_.store(client.state(), std::memory_order_release);
}

SessionState SessionFacts::state() const {
  const SessionState stored = state_.load(std::memory_order_acquire);
  // The thread may be stalled, in a callback or with the whole machine: then the clock decides, as
  // it would on that thread.
  const Duration timeout(session_timeout_.load(std::memory_order_relaxed));
  const bool is_old = stored == SessionState::kConnected && age() >= timeout / 3 * 2;
  return is_old ? SessionState::kSuspended : stored;
}

Duration SessionFacts::age() const {
  const auto contact = contact_.load(std::memory_order_relaxed);
  if (contact == kNever) return Duration::max();
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::max(Duration(0), Duration(now) - Duration(contact));
}

}  // namespace zkcluster
