#include "zk/native_handle.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <netinet/in.h>

#include <utility>

#include "text/address.h"
#include "zk/native_call.h"
#include "zk/native_client.h"
#include "zk/native_errors.h"
#include "zk/native_library.h"

namespace zkcluster::zk {
namespace {

// Session events are unreliable and ignored: the handle's state is read instead.
void OnSessionEvent(zhandle_t*, int, int, const char*, void*) {}

}  // namespace

NativeHandle::NativeHandle(const Loop& loop, Logger& logger, Inbox& inbox,
                           const NativeClientOptions& options, const std::string& endpoints)
    : loop_(loop), logger_(logger), inbox_(inbox), acl_(options.identity.acl) {
  const InLibrary scope(logger_);
  zh_ = OpenHandle(endpoints, options.identity, options.session_timeout, &OnSessionEvent, this);
}

NativeHandle::~NativeHandle() {
  End(Farewell::kNone);
}

NativeHandle::Link NativeHandle::link() const {
  if (zh_ == nullptr) return Link::kEnded;
  const int state = zoo_state(zh_);
  if (is_unrecoverable(zh_) != ZOK) return Link::kEnded;
  if (state == ZOO_CONNECTED_STATE) return Link::kConnected;
  if (state == ZOO_CONNECTING_STATE) return Link::kOpening;
  if (state == ZOO_ASSOCIATING_STATE) return Link::kGreeting;
  return Link::kNone;
}

bool NativeHandle::auth_failed() const {
  return zh_ != nullptr && zoo_state(zh_) == ZOO_AUTH_FAILED_STATE;
}

bool NativeHandle::has_socket() const {
  const Link now = link();
  return now != Link::kNone && now != Link::kEnded;
}

std::int64_t NativeHandle::session_id() const {
  return zh_ == nullptr ? 0 : zoo_client_id(zh_)->client_id;
}

Duration NativeHandle::session_timeout() const {
  return std::chrono::milliseconds(zoo_recv_timeout(zh_));
}

std::string NativeHandle::server() const {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (fd_ < 0 || ::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "";
  char text[INET6_ADDRSTRLEN] = "";
  std::uint16_t port = 0;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    port = ntohs(v4.sin_port);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    port = ntohs(v6.sin6_port);
  }
  return FormatAddress({text, port});
}

void NativeHandle::Connect() {
  // At the end of its list the library first asks for a pause, and connects on the second call. The
  // Connector decides how long to wait between attempts.
  for (int i = 0; i < 2 && link() == Link::kNone; ++i) Poll();
}

NativeHandle::Interest NativeHandle::Poll() {
  const InLibrary scope(logger_);
  int fd = -1;
  int events = 0;
  timeval wait{};
  zookeeper_interest(zh_, &fd, &events, &wait);
  if (!has_socket()) {
    fd_ = -1;
    return {};
  }
  // Programs that the process starts must not keep the connection open.
  if (fd != std::exchange(fd_, fd)) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return {fd, (events & ZOOKEEPER_WRITE) != 0,
          std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec)};
}

void NativeHandle::Process(bool readable, bool writable) {
  // The library reads one packet per call. Several per turn keep the throughput; a limit gives
  // others their turn.
  constexpr int kPacketsPerTurn = 64;
  const InLibrary scope(logger_);
  int rc =
      zookeeper_process(zh_, (readable ? ZOOKEEPER_READ : 0) | (writable ? ZOOKEEPER_WRITE : 0));
  for (int i = 1; i < kPacketsPerTurn && readable && rc == ZOK && link() == Link::kConnected; ++i) {
    rc = zookeeper_process(zh_, ZOOKEEPER_READ);
  }
  if (!has_socket()) fd_ = -1;
}

void NativeHandle::Break() {
  // The library gives a connection up when it cannot read from it, but first it reads what
  // has already arrived.
  for (int i = 0; i < 1000 && has_socket(); ++i) {
    if (fd_ < 0) Poll();
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
    Process(true, false);
  }
}

void NativeHandle::DropQueue() {
  // A verb whose send fails closes the socket, but the library keeps all requests under way, and
  // would send the rest of them on the next connection. Opening that connection and failing it at
  // once makes the library drop them.
  Connect();
  Break();
}

void NativeHandle::SetEndpoints(const std::string& endpoints) {
  const InLibrary scope(logger_);
  zoo_set_servers(zh_, endpoints.c_str());
}

UniqueFd NativeHandle::End(Farewell farewell) {
  if (zh_ == nullptr) return {};
  const InLibrary scope(logger_);
  UniqueFd rest;
  if (fd_ >= 0 && has_socket()) {
    pollfd writable{fd_, POLLOUT, 0};
    // zookeeper_close sends a goodbye and waits for a word from the server: 3 s to send, 1.5 s to
    // read. Do not wait for a server that does not even accept our bytes.
    if (::poll(&writable, 1, 0) != 1) farewell = Farewell::kNone;
    if (farewell == Farewell::kAwait) {
      // It closes the socket at the server's first packet, and unread bytes would then reset
      // the connection, perhaps before the server has read the goodbye. A second descriptor
      // keeps it open.
      rest.Reset(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
    } else {
      ::shutdown(fd_, farewell == Farewell::kSend ? SHUT_RD : SHUT_RDWR);
      char unread[4096];
      while (farewell == Farewell::kSend && ::recv(fd_, unread, sizeof(unread), MSG_DONTWAIT) > 0) {
      }
    }
  }
  zookeeper_close(std::exchange(zh_, nullptr));
  fd_ = -1;
  watches_.Clear();
  for (const auto& call : std::exchange(calls_, {}))
    call->Fail(TranslateError(ZCLOSING, call->what));
  return rest;
}

}  // namespace zkcluster::zk
