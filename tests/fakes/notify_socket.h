// A service manager's end: the datagram socket that NOTIFY_SOCKET names, in a temporary folder. One
// thread at a time.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/unique_fd.h"
#include "tools/sandbox/process.h"

namespace zkcluster {

class NotifySocket {
 public:
  NotifySocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path_);
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot bind " + path_);
    }
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  // The next message; empty: there is none now.
  [[nodiscard]] std::string Receive() {
    char buffer[4096];
    const ssize_t size = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
  }

 private:
  const sandbox::TempFolder folder_{"zkc-notify"};
  const std::string path_ = (folder_.path() / "socket").string();
  UniqueFd fd_;
};

}  // namespace zkcluster
