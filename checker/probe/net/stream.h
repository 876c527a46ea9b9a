// One non-blocking connection, as bytes, in the clear or within TLS. The prober knows no system
// call beyond this class and the event loop's readiness. Adapter of the socket calls. Loop-bound.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "checker/probe/net/tls.h"
#include "names/socket_address.h"

namespace zkcluster {

class Stream {
 public:
  // Begins to connect. When it is done the socket is ready to write, and Established has the
  // result. Returns 0 or errno.
  [[nodiscard]] int Open(const SocketAddress& to);
  [[nodiscard]] int Established() const;  // 0, or the errno of the connect
  // Uses TLS from here on. Call Handshake until it is done. False: no memory.
  // REQUIRES: established.
  [[nodiscard]] bool BeginTls(const TlsContext& context, const std::string& host);
  [[nodiscard]] TlsSession& tls() { return *tls_; }
  void Close() {
    tls_.reset();
    fd_.Reset();
  }

  [[nodiscard]] Moved Send(std::string_view bytes) const;
  [[nodiscard]] Moved Receive(std::span<char> buffer) const;

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace zkcluster
