#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "base/check.h"
#include "base/unique_fd.h"
#include "tests/support/loopback.h"

namespace zkcluster::contract {
namespace {

constexpr int kLimitMs = 20'000;  // for a client that hangs

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

}  // namespace

TlsServer::Conversation::Conversation(ssl_st* session, int fd, int stop)
    : session_(session), fd_(fd), stop_(stop) {
  ZKC_CHECK(session_ != nullptr);
  // Its bytes pass through us.
  SSL_set_bio(session_, BIO_new_socket(fd_, BIO_NOCLOSE), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(session_);
}

TlsServer::Conversation::~Conversation() {
  SSL_free(session_);
}

bool TlsServer::Conversation::AwaitReadable() const {
  std::array<pollfd, 2> fds{{{fd_, POLLIN, 0}, {stop_, POLLIN, 0}}};
  return ::poll(fds.data(), fds.size(), kLimitMs) > 0 && fds[1].revents == 0;
}

void TlsServer::Conversation::WriteBeneath(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), slow_ ? 1 : bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // it has gone; or never reads, which no test needs
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void TlsServer::Conversation::Flush() {
  std::array<char, 4096> buffer;
  for (int n; (n = BIO_read(SSL_get_wbio(session_), buffer.data(), buffer.size())) > 0;) {
    WriteBeneath({buffer.data(), static_cast<std::size_t>(n)});
  }
}

template <class Step>
bool TlsServer::Conversation::Do(Step step) {
  for (;;) {
    ERR_clear_error();
    const int rc = step();
    Flush();
    if (rc > 0) return true;
    if (SSL_get_error(session_, rc) != SSL_ERROR_WANT_READ || !AwaitReadable()) return false;
  }
}

bool TlsServer::Conversation::Handshake() {
  return Do([&] { return SSL_do_handshake(session_); });
}

std::string TlsServer::Conversation::Read() {
  std::array<char, 4096> buffer;
  std::size_t got = 0;
  if (!Do([&] { return SSL_read_ex(session_, buffer.data(), buffer.size(), &got); })) return "";
  return {buffer.data(), got};
}

bool TlsServer::Conversation::Write(std::string_view bytes) {
  std::size_t moved = 0;
  return Do([&] { return SSL_write_ex(session_, bytes.data(), bytes.size(), &moved); });
}

void TlsServer::Conversation::SayGoodbye() {
  SSL_shutdown(session_);
  Flush();
}

bool TlsServer::Conversation::AskForNewHandshake() {
  return SSL_renegotiate(session_) == 1 && Handshake();
}

bool TlsServer::Conversation::UpdateKeys() {
  return SSL_key_update(session_, SSL_KEY_UPDATE_REQUESTED) == 1 && Handshake();
}

void TlsServer::Conversation::AwaitBytes() {
  static_cast<void>(AwaitReadable());
}

void TlsServer::Conversation::AwaitEnd() {
  std::array<char, 4096> buffer;
  while (AwaitReadable() && ::recv(fd_, buffer.data(), buffer.size(), 0) > 0) {
  }
}

struct TlsServer::Impl {
  explicit Impl(Manners does) : manners(std::move(does)) {}

  void Run() {
    for (;;) {
      std::array<pollfd, 2> fds{{{listener.get(), POLLIN, 0}, {stop_reading.get(), POLLIN, 0}}};
      ::poll(fds.data(), fds.size(), -1);
      if (fds[1].revents != 0) return;
      const UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.valid()) continue;
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++conversations;
      Conversation conversation(SSL_new(context.get()), fd.get(), stop_reading.get());
      manners(conversation);
    }
  }

  const Manners manners;
  std::unique_ptr<SSL_CTX, ContextFree> context;
  UniqueFd listener;
  std::uint16_t port = 0;
  UniqueFd stop_reading;
  UniqueFd stop_writing;
  std::atomic<int> conversations = 0;
  std::thread thread;
};

TlsServer::TlsServer(const Options& options, Manners manners)
    : impl_(std::make_unique<Impl>(std::move(manners))) {
  impl_->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = impl_->context.get();
  ZKC_CHECK(context != nullptr);
  SSL_CTX_set_security_level(context, 0);  // or nobody could have a version as old as is wanted
  SSL_CTX_set_min_proto_version(context, static_cast<int>(options.oldest_version));
  SSL_CTX_set_max_proto_version(context, static_cast<int>(options.newest_version));
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error(options.certificate + ": " +
                             ERR_reason_error_string(ERR_peek_error()));
  }
  std::array<int, 2> ends{};
  ZKC_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  impl_->stop_reading.Reset(ends[0]);
  impl_->stop_writing.Reset(ends[1]);
  impl_->listener.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = Loopback();
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  ZKC_CHECK(::bind(impl_->listener.get(), plain, size) == 0);
  ZKC_CHECK(::listen(impl_->listener.get(), 100) == 0);
  ZKC_CHECK(::getsockname(impl_->listener.get(), plain, &size) == 0);
  impl_->port = ntohs(address.sin_port);
  impl_->thread = std::thread([this] { impl_->Run(); });
}

TlsServer::~TlsServer() {
  impl_->stop_writing.Reset();
  impl_->thread.join();
}

std::string TlsServer::addr() const {
  return "127.0.0.1:" + std::to_string(impl_->port);
}

int TlsServer::conversations() const {
  return impl_->conversations.load();
}

void AnswerPings(TlsServer::Conversation& with) {
  while (!with.Read().empty()) {
    if (!with.Write("+PONG\r\n")) return;
  }
}

}  // namespace zkcluster::contract
