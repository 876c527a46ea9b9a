// Listens on an EventLoop to a socket that somebody else owns and may close without notice.
//
// The C library closes its socket before we notice. While a forked child keeps the open file,
// the kernel would go on reporting it, and a closed number cannot be removed from the epoll set
// any more: the loop would spin. So we listen under a number of our own and close it only after
// its removal. Loop-bound.
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

  // From now on listens to this socket, in place of any other.
  void Listen(int fd, bool write);
  // Call it as soon as the owner has closed its socket: our number would keep the connection open.
  void Stop();

 private:
  static void OnSocket(int fd, short events, void* self);

  EventLoop& loop_;
  const std::function<void(bool, bool)> ready_;
  int fd_ = -1;         // the owner's number of the socket
  UniqueFd duplicate_;  // the number in the epoll set; outlives event_
  struct Free {
    void operator()(event* freed) const;
  };
  std::unique_ptr<event, Free> event_;
};

}  // namespace zkcluster::zk
