#include "zk/goodbye.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace zkcluster::zk {
namespace {

using std::chrono::milliseconds;

// The limits for a sign of life (and a new connection before it) and for the goodbye. Together they
// stay below the 2 s that Client::Close promises, with 1.5 s of zookeeper_close itself in the worst
// case: a server that stops between the two.
constexpr Duration kSignOfLifeLimit = milliseconds(500);
constexpr Duration kReconnectLimit = milliseconds(1500);
constexpr Duration kLimit = milliseconds(1900);

}  // namespace

Goodbye::Goodbye(SocketListener& listener, TimePoint now, bool connected)
    : listener_(listener),
      deadline_(now + (connected ? kSignOfLifeLimit : kReconnectLimit)),
      last_deadline_(now + kLimit) {}

bool Goodbye::Advance(TimePoint now, NativeHandle* handle) {
  if (state_ == State::kWaiting) return now < deadline_ && !ServerHasClosed();
  const bool connected = handle != nullptr && handle->link() == NativeHandle::Link::kConnected;
  if (connected && state_ == State::kReconnecting) {
    Ask(now, *handle);
    return true;
  }
  if (connected && handle->pending() == 0) return Say(*handle);
  if (now >= deadline_) {
    listener_.Stop();
    if (handle != nullptr) handle->End(NativeHandle::Farewell::kSend);
    return false;
  }
  if (!connected) state_ = State::kReconnecting;
  return true;
}

void Goodbye::Ask(TimePoint now, NativeHandle& handle) {
  state_ = State::kAsking;
  deadline_ = std::min(now + kSignOfLifeLimit, last_deadline_);
  handle.Exists("/", {}, [](const Result<std::optional<Stat>>&) {});
}

bool Goodbye::Say(NativeHandle& handle) {
  listener_.Stop();
  connection_ = handle.End(NativeHandle::Farewell::kAwait);
  if (!connection_.valid()) return false;
  state_ = State::kWaiting;
  listener_.Listen(connection_.get(), false);
  deadline_ = last_deadline_;
  return true;
}

bool Goodbye::ServerHasClosed() const {
  char rest[4096];
  ssize_t got = 0;
  while ((got = ::recv(connection_.get(), rest, sizeof(rest), MSG_DONTWAIT)) > 0) {
  }
  return got == 0 || (errno != EAGAIN && errno != EINTR);
}

}  // namespace zkcluster::zk
