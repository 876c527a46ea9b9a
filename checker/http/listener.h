// A listening socket and its connections, for a server on the main loop. Clients cannot use up the
// descriptors: at most kMaxConnections are open. If all are in use, the connection that has been
// idle or in its request for the longest is closed for the next one; if all of them have only just
// begun, the next one waits in the kernel's queue. A flood of connections fills that queue as well:
// only a firewall helps. A connection whose request takes too long is closed, even if bytes still
// arrive. The server (HttpServer) knows the protocol. The adapter of evconnlistener. Loop-bound.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "text/address.h"

struct bufferevent;
struct evconnlistener;

namespace zkcluster {

class Listener {
 public:
  static constexpr std::size_t kMaxConnections = 64;

  // `request`: how long a connection may take from its accept, or from the first byte of a further
  // request, until the answer is taken. It is checked every second. Errors: kUnavailable when the
  // address cannot be bound. REQUIRES: at.host is an IP literal.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> Bind(EventLoop& loop, const Address& at,
                                                              Duration request);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // --- Accepting, in one of two ways ---
  // Each connection is given to `accepted`, which sets its callbacks, owns it, and frees it when it
  // ends. A connection that is closed by a limit gets BEV_EVENT_TIMEOUT.
  void Accept(std::function<void(bufferevent* stream)> accepted);
  // For a server that accepts by itself: gives it the socket, which it frees before this Listener
  // is destroyed. It makes its streams with NewStream.
  [[nodiscard]] evconnlistener* ReleaseListener();
  // `fd`: -1 where the server sets it later. Null: no memory.
  [[nodiscard]] bufferevent* NewStream(int fd);

  // Call it when the answer to this stream's request has been sent: the stream is now idle, or
  // sends its next request.
  void NoteAnswered(const bufferevent* stream);
  // Too many connections are open to keep one after its answer: a client that never stops asking
  // would keep others out.
  [[nodiscard]] bool crowded() const;

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
