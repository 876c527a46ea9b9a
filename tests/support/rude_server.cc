#include "tests/support/rude_server.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "tests/support/loopback.h"

namespace zkcluster::contract {
struct RudeServer::Client {
  RudeServer* server = nullptr;
  UniqueFd fd;
  event* readable = nullptr;
  std::unique_ptr<Timer> timer;
  std::string outbox;
  bool close_when_sent = false;

  ~Client() { event_free(readable); }
};

RudeServer::RudeServer(EventLoop& loop, Manners manners, const std::string& host,
                       std::uint16_t port)
    : loop_(loop), manners_(std::move(manners)), host_(host) {
  listener_.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  // On a given port it takes the place of a server that may have died a moment ago.
  const int on = 1;
  if (port != 0) ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 100) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("cannot listen on " + host);
  }
  port_ = ntohs(address.sin_port);
  accept_ =
      event_new(loop_.base(), listener_.get(), EV_READ | EV_PERSIST, &RudeServer::OnAccept, this);
  event_add(accept_, nullptr);
}

RudeServer::~RudeServer() {
  event_free(accept_);
}

std::string RudeServer::addr() const {
  return host_ + ":" + std::to_string(port_);
}

void RudeServer::OnAccept(int listener, short, void* argument) {
  auto* self = static_cast<RudeServer*>(argument);
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  ++self->accepted_;
  auto& slot = self->clients_[fd];
  slot = std::make_unique<Client>();
  Client& client = *slot;
  client.server = self;
  client.fd.Reset(fd);
  client.timer = self->loop_.NewTimer([self, &client] { self->Push(client); });
  client.readable =
      event_new(self->loop_.base(), fd, EV_READ | EV_PERSIST, &RudeServer::OnClient, &client);
  event_add(client.readable, nullptr);
  if (self->manners_.greeting.empty()) return;
  client.outbox = self->manners_.greeting;
  client.close_when_sent = self->manners_.close;
  self->Push(client);
}

void RudeServer::OnClient(int fd, short, void* argument) {
  Client& client = *static_cast<Client*>(argument);
  RudeServer* self = client.server;
  std::array<char, 4096> buffer;
  if (::recv(fd, buffer.data(), buffer.size(), 0) <= 0) {
    self->clients_.erase(fd);
    return;
  }
  client.outbox += self->manners_.answer;
  client.close_when_sent = self->manners_.close;
  self->Push(client);
}

void RudeServer::Push(Client& client) {
  const std::size_t most = manners_.chunk == 0 ? client.outbox.size() : manners_.chunk;
  const ssize_t n = ::send(client.fd.get(), client.outbox.data(),
                           std::min(most, client.outbox.size()), MSG_NOSIGNAL);
  if (n > 0) client.outbox.erase(0, static_cast<std::size_t>(n));
  if (client.outbox.empty() && manners_.repeat) client.outbox = manners_.answer;
  if (!client.outbox.empty()) {
    client.timer->Arm(manners_.pace);
  } else if (client.close_when_sent) {
    End(client);
  }
}

void RudeServer::End(Client& client) {
  if (manners_.reset) {
    const linger now{1, 0};
    ::setsockopt(client.fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  clients_.erase(client.fd.get());
}

void RudeServer::SayToAll(const std::string& text) {
  for (const auto& [fd, client] : clients_) {
    client->outbox += text;
    Push(*client);
  }
}

Say::Say(std::uint16_t port, const std::vector<std::vector<std::string>>& commands)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), lines_(commands.size()) {
  const sockaddr_in address = Loopback(port);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  std::string text;
  for (const auto& words : commands) {
    text += "*" + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words)
      text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  if (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("cannot send to port " + std::to_string(port));
  }
}

void Say::AwaitReplies() {
  while (lines_ > 0) {
    char byte = 0;
    if (::recv(fd_.get(), &byte, 1, 0) != 1)
      throw std::runtime_error("the server closed the connection");
    if (byte == '\n') --lines_;
  }
}

void SayTo(std::uint16_t port, const std::vector<std::vector<std::string>>& commands) {
  Say(port, commands).AwaitReplies();
}

bool HostHasIpv6() {
  const UniqueFd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return fd.valid() &&
         ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace zkcluster::contract
