#include "names/socket_address.h"

#include <netdb.h>

#include <cstring>

namespace zkcluster {

std::optional<SocketAddress> SocketAddressOf(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) {
    return std::nullopt;
  }
  std::optional<SocketAddress> address;
  if (list != nullptr && list->ai_addrlen <= sizeof(sockaddr_storage)) {
    address.emplace();
    std::memcpy(&address->storage, list->ai_addr, list->ai_addrlen);
    address->size = list->ai_addrlen;
  }
  ::freeaddrinfo(list);
  return address;
}

}  // namespace zkcluster
