// How a NativeClient ends its session in good order: it asks the server for a sign of life first,
// because zookeeper_close blocks for 1.5 to 4.5 s when the server hangs. Then it says goodbye and
// waits until the server has closed the session; or, without such a sign, it says goodbye and does
// not wait. All of it takes two seconds at most.
//
//   Reconnecting --connected--> Asking --answered--> Waiting --the server has closed--> over
//   Asking       --disconnected--> Reconnecting
//   any          --deadline--> over
//
// Owned by a NativeClient. Loop-bound.
#pragma once

#include <zkcluster/time.h>

#include "base/unique_fd.h"
#include "zk/native_handle.h"
#include "zk/socket_listener.h"

namespace zkcluster::zk {

class Goodbye {
 public:
  // `connected`: the server has answered lately.
  Goodbye(SocketListener& listener, TimePoint now, bool connected);

  // Takes the next step, if one is due. `handle` may be null. False: it is over, and `handle` is
  // not needed any more.
  [[nodiscard]] bool Advance(TimePoint now, NativeHandle* handle);
  // We have ended the handle.
  [[nodiscard]] bool said() const { return state_ == State::kWaiting; }
  // When Advance is due, even if nothing happens.
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  enum class State { kReconnecting, kAsking, kWaiting };

  void Ask(TimePoint now, NativeHandle& handle);
  [[nodiscard]] bool Say(NativeHandle& handle);
  [[nodiscard]] bool ServerHasClosed() const;

  SocketListener& listener_;
  State state_ = State::kReconnecting;
  TimePoint deadline_;
  const TimePoint last_deadline_;
  UniqueFd connection_;  // while kWaiting: readable until the server has closed the session
};

}  // namespace zkcluster::zk
