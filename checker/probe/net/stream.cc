#include "checker/probe/net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "checker/probe/net/socket_error.h"

namespace zkcluster {

int Stream::Open(const SocketAddress& to) {
  tls_.reset();  // before its socket
  fd_.Reset(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) return errno;
  const int on = 1;
  static_cast<void>(::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) == 0) return 0;
  return errno == EINPROGRESS ? 0 : errno;
}

bool Stream::BeginTls(const TlsContext& context, const std::string& host) {
  tls_ = TlsSession::New(context, fd_.get(), host);
  return tls_ != nullptr;
}

int Stream::Established() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Moved Stream::Send(std::string_view bytes) const {
  if (tls_) return tls_->Send(bytes);
  for (;;) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) return {static_cast<std::size_t>(n), {}};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    if (errno != EINTR) return {0, errno};
  }
}

Moved Stream::Receive(std::span<char> buffer) const {
  if (tls_) return tls_->Receive(buffer);
  const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (n > 0) return {static_cast<std::size_t>(n), {}};
  if (n == 0) return {0, kEndOfFile};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
  return {0, errno};
}

}  // namespace zkcluster
