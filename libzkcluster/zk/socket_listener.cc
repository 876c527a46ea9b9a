#include "zk/socket_listener.h"

#include <event2/event.h>
#include <fcntl.h>

#include <utility>

#include "base/check.h"

namespace zkcluster::zk {

SocketListener::SocketListener(EventLoop& loop,
                               std::function<void(bool readable, bool writable)> ready)
    : loop_(loop), ready_(std::move(ready)) {}

SocketListener::~SocketListener() = default;

void SocketListener::Free::operator()(event* freed) const {
  event_free(freed);
}

void SocketListener::Listen(int fd, bool write) {
  const short events = static_cast<short>(EV_READ | EV_PERSIST | (write ? EV_WRITE : 0));
  if (event_ && fd_ == fd && event_get_events(event_.get()) == events) return;
  if (fd_ != fd) {
    Stop();
    fd_ = fd;
    duplicate_.Reset(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }
  // Without a free descriptor, fall back to the owner's number.
  const int number = duplicate_.valid() ? duplicate_.get() : fd;
  event_.reset(event_new(loop_.base(), number, events, &OnSocket, this));
  ZKC_CHECK(event_ != nullptr && event_add(event_.get(), nullptr) == 0);
}

void SocketListener::Stop() {
  event_.reset();
  duplicate_.Reset();
  fd_ = -1;
}

void SocketListener::OnSocket(int, short events, void* self) {
  const auto ready = static_cast<SocketListener*>(self)->ready_;  // outlives a destroyed listener
  ready((events & EV_READ) != 0, (events & EV_WRITE) != 0);
}

}  // namespace zkcluster::zk
