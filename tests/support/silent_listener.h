// An address that takes no connection and refuses none: its queue is full, so the kernel drops each
// SYN. For tests of limits.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace zkcluster::contract {

class SilentListener {
 public:
  // Port 0: a free one.
  explicit SilentListener(const std::string& host = "127.0.0.1", std::uint16_t port = 0)
      : host_(host), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    if (::bind(listener_.get(), raw, length) != 0 || ::listen(listener_.get(), 0) != 0 ||
        ::getsockname(listener_.get(), raw, &length) != 0) {
      throw std::runtime_error("cannot listen on " + host);
    }
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 8; ++i) {
      UniqueFd& fd =
          fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      static_cast<void>(::connect(fd.get(), raw, length));
    }
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return host_ + ":" + std::to_string(port_); }

 private:
  std::string host_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::vector<UniqueFd> fillers_;
};

}  // namespace zkcluster::contract
