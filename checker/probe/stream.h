// One non-blocking connection, as bytes. The prober knows no system call beyond this class and the
// event loop's readiness, so that another transport (TLS) is another class with these verbs, whose
// answers to Send and Receive may also be that it wants the opposite direction first. Adapter of
// the socket calls. Loop-bound.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/resolver.h"
#include "base/unique_fd.h"

namespace zkcluster {

class Stream {
 public:
  struct Moved {
    std::size_t bytes = 0;     // 0 without an error: try again when ready
    std::optional<int> error;  // errno, or kEndOfFile (socket_error.h): the end of it
  };

  // Begins to connect; ready to write when that has come to an end, which Established tells.
  // Returns 0 or errno.
  [[nodiscard]] int Open(const SocketAddress& to);
  [[nodiscard]] int Established() const;  // 0, or why it was not possible
  void Close() { fd_.Reset(); }

  [[nodiscard]] Moved Send(std::string_view bytes) const;
  [[nodiscard]] Moved Receive(std::span<char> buffer) const;

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace zkcluster
