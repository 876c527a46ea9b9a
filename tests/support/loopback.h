// 127.0.0.1 and a port, for sockets that tests open themselves. Pure.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>

namespace zkcluster {

// Port 0: the kernel chooses one as the socket is bound.
[[nodiscard]] inline sockaddr_in Loopback(std::uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace zkcluster
