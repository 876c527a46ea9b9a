// Names to socket addresses without blocking, by libevent's evdns (/etc/hosts, then the name
// servers of /etc/resolv.conf, both read again when they may have changed). IP literals answer at
// once. Loop-bound adapter.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "model/address.h"

namespace zkcluster {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

class Resolver {
 public:
  // At least one address, or none: the name does not resolve (now).
  using Done = std::function<void(std::vector<SocketAddress>)>;
  // Keeps the question open; destroying it makes sure that `done` does not run (any more).
  using Question = std::shared_ptr<void>;

  explicit Resolver(EventLoop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` may run within the call; then the returned question is over already.
  [[nodiscard]] Question Resolve(const Address& address, Done done);

 private:
  struct Base;
  struct Pending;
  static void OnAnswer(int result, addrinfo* answer, void* argument);
  std::shared_ptr<Base> CurrentBase();

  EventLoop& loop_;
  std::shared_ptr<Base> base_;
};

}  // namespace zkcluster
