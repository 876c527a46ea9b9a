// An IP literal as the kernel wants it. Pure.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace zkcluster {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Nothing: `host` is a name, or its zone does not exist here. Asks no name server.
[[nodiscard]] std::optional<SocketAddress> SocketAddressOf(const std::string& host,
                                                           std::uint16_t port);

}  // namespace zkcluster
