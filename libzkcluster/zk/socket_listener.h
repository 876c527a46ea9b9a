// Listens on an EventLoop to a socket that somebody else owns, and may close unseen.
//
// The C library closes its socket before we can know. As long as a forked child keeps the open
// file, the kernel would go on reporting it, and under a closed number nobody can take it out of
// the epoll set again: the loop would spin. So it is listened to under a number of our own, which
// lives until it is out. Loop-bound.
#pragma once

#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "base/unique_fd.h"

struct event;

namespace zkcluster::zk {

class SocketListener {
 public:
  // `ready`: what the socket is ready for. It may destroy the listener.
  SocketListener(EventLoop& loop, std::function<void(bool readable, bool writable)> ready);
  ~SocketListener();
  SocketListener(const SocketListener&) = delete;
  SocketListener& operator=(const SocketListener&) = delete;

  // From now on to this socket, in place of any other.
  void Listen(int fd, bool write);
  // As soon as its owner has let go of it, or our number would keep the connection open.
  void Stop();

 private:
  static void OnSocket(int fd, short events, void* self);

  EventLoop& loop_;
  const std::function<void(bool, bool)> ready_;
  int fd_ = -1;         // its owner's number of what event_ listens to
  UniqueFd duplicate_;  // what it is registered under; outlives event_
  struct Free {
    void operator()(event* freed) const;
  };
  std::unique_ptr<event, Free> event_;
};

}  // namespace zkcluster::zk
