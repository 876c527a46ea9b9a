// Names to IP addresses without blocking, by libevent's evdns: /etc/hosts, then the name servers of
// /etc/resolv.conf. Both files are read again when a question finds them too old, so
// that a corrected file is noticed. IP literals answer at once. There is no cache: each question
// asks the network. Loop-bound adapter.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"

namespace zkcluster {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
// Only the IP address, as a literal without brackets.
[[nodiscard]] std::string HostText(const SocketAddress& address);

struct ResolverOptions {
  // Of one packet to one name server. Raised: slow servers still answer in time, but a server that
  // is off delays each question for longer.
  Duration timeout = std::chrono::seconds(5);
  int attempts = 3;
  // How long the contents of the files are used. Raised: a corrected file is noticed later.
  Duration fresh = std::chrono::seconds(60);
  Duration fresh_after_failure = std::chrono::seconds(5);
  // Keeps the evdns base and its sockets while no question is open. Worth it where thousands of
  // names are resolved again and again.
  bool keep = true;
};

class Resolver {
 public:
  struct Answer {
    std::vector<SocketAddress> addresses;
    std::string failure;  // why there are none
  };
  using Done = std::function<void(Answer)>;
  // Keeps the question open; destroying it makes sure that `done` does not run (any more).
  using Question = std::shared_ptr<void>;

  explicit Resolver(EventLoop& loop, const ResolverOptions& options = {});
  // Open questions are still answered. May run within a `done`.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // IPv4 and IPv6, with `port`. An empty host is this one (127.0.0.1). `done` may run within the
  // call; then the returned question is over already.
  [[nodiscard]] Question Resolve(const std::string& host, std::uint16_t port, Done done);

 private:
  struct Base;
  struct Pending;
  static void OnAnswer(int error, addrinfo* answer, void* argument);
  std::shared_ptr<Base> CurrentBase();

  EventLoop& loop_;
  const ResolverOptions options_;
  std::weak_ptr<Base> base_;    // the newest
  std::shared_ptr<Base> kept_;  // the same, if ResolverOptions::keep
};

}  // namespace zkcluster
