// Plain sockets on 127.0.0.1 for unit tests, which fail where one cannot be had.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/unique_fd.h"
#include "tests/support/loopback.h"

namespace zkcluster {

// Does not block afterwards. It is there at once, as far as this side is concerned: the kernel accepts it.
[[nodiscard]] inline UniqueFd Connect(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  REQUIRE(::connect(fd.get(), raw, sizeof address) == 0);
  REQUIRE(::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
  return fd;
}

// Listens on a free port; accepting blocks.
class ListeningSocket {
 public:
  ListeningSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback();
    socklen_t length = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd_.get(), raw, length) == 0);
    REQUIRE(::listen(fd_.get(), 16) == 0);
    REQUIRE(::getsockname(fd_.get(), raw, &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int get() const { return fd_.get(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

}  // namespace zkcluster
