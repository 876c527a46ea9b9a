// Requests of tests to the pages of checkers and of Prometheus on loopback. Waits have generous
// limits. Used from the main thread only.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "tests/support/loopback.h"

namespace zkcluster::integration {

// The server's bytes for one request, until it closes the connection; "" when nobody listens.
inline std::string Talk(std::uint16_t port, const std::string& request) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(port);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "";
  REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  std::string answer;
  for (char buffer[4096];;) {
    pollfd ready{fd.get(), POLLIN, 0};
    REQUIRE_MESSAGE(::poll(&ready, 1, 20'000) == 1, "no end of the answer: " << answer);
    const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
}

inline std::string Get(std::uint16_t port, const std::string& path) {
  return Talk(port, "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
}

// The body after the headers; "" without one.
inline std::string BodyOf(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace zkcluster::integration
