// The session's state and the time of the last contact. The client's thread writes them, any thread
// reads them. A reader judges by its own clock, so that a thread that is stalled cannot claim a
// session it has lost. Thread-safe, except Record.
#pragma once

#include <zkcluster/session.h>
#include <zkcluster/time.h>
#include <atomic>
#include <cstdint>

#include "zk/client.h"

namespace zkcluster {

class SessionFacts {
 public:
  // Brings everything up to date. On the client's thread only.
  void Record(const zk::Client& client);

  [[nodiscard]] SessionState state() const;
  // Time since the ensemble last answered; Duration::max(): it never has.
  [[nodiscard]] Duration age() const;
  [[nodiscard]] std::uint64_t sessions() const { return sessions_.load(std::memory_order_relaxed); }

 private:
  static constexpr Duration::rep kNever = Duration::min().count();

  std::atomic<SessionState> state_{SessionState::kConnecting};
  std::atomic<Duration::rep> contact_{kNever};
  std::atomic<Duration::rep> session_timeout_{0};
  std::atomic<std::uint64_t> sessions_{0};
};

}  // namespace zkcluster
