#include "tests/support/proxy.h"

#include <event2/event.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "tests/support/loopback.h"

namespace zkcluster::contract {
namespace {

// On loopback this returns at once, even for a stopped process: the kernel accepts for it.
UniqueFd ConnectTo(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    fd.Reset();
  const int on = 1;
  if (fd.valid()) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

template <class Number>
Number ReadNumber(const std::string& bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  }
  return static_cast<Number>(value);
}

template <class Number>
void AppendNumber(std::string& bytes, Number number) {
  for (std::size_t i = sizeof(Number); i > 0; --i) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (i - 1)));
  }
}

void SendAll(int fd, const std::string& bytes) {
  // Blocking sockets on loopback and small packets; a peer that is gone is noticed
  // on its other side.
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t rc = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (rc <= 0) return;
    sent += static_cast<std::size_t>(rc);
  }
}

// Takes one packet, with its length, off the front of `buffer`.
std::optional<std::string> TakePacket(std::string& buffer) {
  if (buffer.size() < 4) return std::nullopt;
  const std::size_t size = 4 + ReadNumber<std::uint32_t>(buffer, 0);
  if (buffer.size() < size) return std::nullopt;
  std::string packet = buffer.substr(0, size);
  buffer.erase(0, size);
  return packet;
}

// The native client reads "/" without a watch when it is idle: no verb of anybody's.
bool IsHeartbeat(const std::string& packet) {
  constexpr std::int32_t kExists = 3;
  return packet.size() == 4 + 8 + 4 + 1 + 1 && ReadNumber<std::int32_t>(packet, 8) == kExists &&
         packet[16] == '/' && packet[17] == 0;
}

// A create of a path that begins with `prefix`, and not within a multi.
bool IsCreateOf(const std::string& packet, const std::string& prefix) {
  constexpr std::int32_t kCreate = 1;
  return packet.size() >= 16 + prefix.size() && ReadNumber<std::int32_t>(packet, 8) == kCreate &&
         packet.compare(16, prefix.size(), prefix) == 0;
}

void ResetOnClose(int fd) {
  const linger hard{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

}  // namespace

struct Proxy::Pair {
  Proxy* proxy;
  UniqueFd client;
  UniqueFd server;
  EventPtr client_event;
  EventPtr server_event;
  std::string from_client;
  std::string from_server;
  bool client_greeted = false;
  bool server_greeted = false;
  std::int32_t doomed_xid = 0;  // whose answer is to be lost; 0: none
};

void Proxy::EventDeleter::operator()(event* e) const {
  event_free(e);
}

Proxy::Proxy(EventLoop& loop, std::uint16_t server_port)
    : loop_(loop),
      server_port_(server_port),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error(std::string("proxy: ") + std::strerror(errno));
  }
  port_ = ntohs(address.sin_port);
  accept_event_.reset(event_new(
      loop.base(), listener_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Proxy*>(self)->Accept(); }, this));
  event_add(accept_event_.get(), nullptr);
}

Proxy::~Proxy() = default;

std::string Proxy::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void Proxy::Accept() {
  auto pair = std::make_unique<Pair>();
  pair->proxy = this;
  pair->client.Reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!pair->client.valid()) return;
  const int on = 1;
  ::setsockopt(pair->client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!broken_) pair->server = ConnectTo(server_port_);
  if (!pair->server.valid()) return ResetOnClose(pair->client.get());
  pair->client_event.reset(event_new(
      loop_.base(), pair->client.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* p) {
        auto& self = *static_cast<Pair*>(p);
        self.proxy->FromClient(self);
      },
      pair.get()));
  pair->server_event.reset(event_new(
      loop_.base(), pair->server.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* p) {
        auto& self = *static_cast<Pair*>(p);
        self.proxy->FromServer(self);
      },
      pair.get()));
  event_add(pair->client_event.get(), nullptr);
  event_add(pair->server_event.get(), nullptr);
  pairs_.push_back(std::move(pair));
}

void Proxy::Drop(Pair& pair) {
  ResetOnClose(pair.client.get());
  pairs_.remove_if([&](const auto& p) { return p.get() == &pair; });
}

bool Proxy::CutOff(Pair& pair, const std::string& packet) {
  if (!cut_) return false;
  auto& [left, how] = *cut_;
  if (packet.size() <= left) {
    left -= packet.size();
    return false;
  }
  SendAll(pair.client.get(), packet.substr(0, left));
  if (how == Cut::kReset) ResetOnClose(pair.client.get());
  cut_.reset();
  pairs_.remove_if([&](const auto& p) { return p.get() == &pair; });
  return true;
}

bool Proxy::FromClient(Pair& pair) {
  char bytes[65536];
  const ssize_t got = ::recv(pair.client.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) {
    pairs_.remove_if([&](const auto& p) { return p.get() == &pair; });
    return false;
  }
  if (to_server_muted_) return true;
  pair.from_client.append(bytes, static_cast<std::size_t>(got));
  while (const auto packet = TakePacket(pair.from_client)) {
    const bool greeting = !std::exchange(pair.client_greeted, true);
    if (!greeting && lose_after_ && !IsHeartbeat(*packet)) {
      const auto xid = ReadNumber<std::int32_t>(*packet, 4);
      // Not a ping, nor watches set again.
      if (xid > 0 && (*lose_after_)-- == 0) {
        pair.doomed_xid = xid;
        lose_after_.reset();
      }
    }
    if (!greeting && doomed_create_ && IsCreateOf(*packet, *doomed_create_)) {
      pair.doomed_xid = ReadNumber<std::int32_t>(*packet, 4);
      doomed_create_.reset();
    }
    SendAll(pair.server.get(), *packet);
  }
  return true;
}

bool Proxy::FromServer(Pair& pair) {
  char bytes[65536];
  const ssize_t got = ::recv(pair.server.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) {
    if (to_client_muted_) {
      // Not even the end passes.
      pair.server_event.reset();
      return true;
    }
    pairs_.remove_if([&](const auto& p) { return p.get() == &pair; });
    return false;
  }
  if (to_client_muted_) return true;
  pair.from_server.append(bytes, static_cast<std::size_t>(got));
  while (const auto packet = TakePacket(pair.from_server)) {
    if (!std::exchange(pair.server_greeted, true)) {
      // length, protocol, timeout, session id, length of the password, password
      const auto id = ReadNumber<std::int64_t>(*packet, 12);
      if (id != 0) {
        credentials_ = {id, packet->substr(24, 16)};
        ++greeted_;
      }
    } else if (pair.doomed_xid != 0 && ReadNumber<std::int32_t>(*packet, 4) == pair.doomed_xid) {
      ++lost_;
      Drop(pair);
      return false;
    } else if (CutOff(pair, *packet)) {
      return false;
    }
    SendAll(pair.client.get(), *packet);
  }
  return true;
}

void Proxy::Break() {
  broken_ = true;
  to_server_muted_ = false;
  to_client_muted_ = false;
  while (!pairs_.empty()) Drop(*pairs_.front());
}

void Proxy::Mend() {
  if (to_server_muted_ || to_client_muted_) {
    while (!pairs_.empty()) Drop(*pairs_.front());
  }
  broken_ = false;
  to_server_muted_ = false;
  to_client_muted_ = false;
}

void EndSession(std::uint16_t server_port, const Credentials& credentials) {
  const UniqueFd fd = ConnectTo(server_port);
  std::string greeting;
  AppendNumber<std::int32_t>(greeting, 0);  // protocol version
  AppendNumber<std::int64_t>(greeting, 0);  // nothing seen
  AppendNumber<std::int32_t>(greeting, 4000);
  AppendNumber<std::int64_t>(greeting, credentials.session_id);
  AppendNumber<std::int32_t>(greeting, 16);
  greeting += credentials.password;
  greeting += '\0';  // not read-only
  std::string goodbye;
  AppendNumber<std::int32_t>(goodbye, 1);    // xid
  AppendNumber<std::int32_t>(goodbye, -11);  // closeSession
  std::string bytes;
  for (const std::string& packet : {greeting, goodbye}) {
    AppendNumber(bytes, static_cast<std::uint32_t>(packet.size()));
    bytes += packet;
  }
  SendAll(fd.get(), bytes);
  char rest[4096];
  while (::recv(fd.get(), rest, sizeof(rest), 0) > 0) {
  }
}

}  // namespace zkcluster::contract
