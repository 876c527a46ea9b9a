#include "checker/probe/resolver.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>

#include <cstring>
#include <string>
#include <utility>

namespace zkcluster {
namespace {

// /etc/hosts and /etc/resolv.conf are read when the base is made. Both may be mended while we run.
constexpr Duration kFresh = std::chrono::seconds(60);
constexpr Duration kFreshAfterFailure = std::chrono::seconds(5);

std::vector<SocketAddress> Take(const addrinfo* list) {
  std::vector<SocketAddress> addresses;
  for (; list != nullptr; list = list->ai_next) {
    if (list->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, list->ai_addr, list->ai_addrlen);
    address.size = list->ai_addrlen;
  }
  return addresses;
}

addrinfo Hints(int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  hints.ai_flags = flags;
  return hints;
}

}  // namespace

struct Resolver::Base {
  Base(EventLoop& on, evdns_base* evdns) : loop(on), dns(evdns), made(on.Now()) {}
  ~Base() {
    if (dns != nullptr) evdns_base_free(dns, 0);
  }
  Base(const Base&) = delete;
  Base& operator=(const Base&) = delete;

  EventLoop& loop;
  evdns_base* dns;
  TimePoint made;
  bool failed = false;
};

struct Resolver::Pending {
  std::shared_ptr<Base> base;  // evdns must outlive its requests, cancelled ones too
  evdns_getaddrinfo_request* request = nullptr;
  Done done;
  bool over = false;
};

Resolver::Resolver(EventLoop& loop) : loop_(loop) {}
Resolver::~Resolver() = default;

std::shared_ptr<Resolver::Base> Resolver::CurrentBase() {
  const TimePoint now = loop_.Now();
  if (base_ && now - base_->made < (base_->failed ? kFreshAfterFailure : kFresh)) return base_;
  evdns_base* dns = evdns_base_new(
      loop_.base(), EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  if (dns == nullptr) {
    // No usable resolv.conf. Names of /etc/hosts work nevertheless.
    dns = evdns_base_new(loop_.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns != nullptr) evdns_base_load_hosts(dns, "/etc/hosts");
  }
  // Mixed case in questions confuses some small name servers, and protects nothing here.
  if (dns != nullptr) evdns_base_set_option(dns, "randomize-case:", "0");
  base_ = std::make_shared<Base>(loop_, dns);
  return base_;
}

Resolver::Question Resolver::Resolve(const Address& address, Done done) {
  const std::string port = std::to_string(address.port);
  const std::string host = address.host.empty() ? "127.0.0.1" : address.host;
  if (IsIpLiteral(host)) {
    const addrinfo hints = Hints(AI_NUMERICHOST | AI_NUMERICSERV);
    addrinfo* list = nullptr;
    // Numeric only: reads no file and asks nobody.
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) list = nullptr;
    auto addresses = Take(list);
    if (list != nullptr) ::freeaddrinfo(list);
    done(std::move(addresses));
    return nullptr;
  }
  auto base = CurrentBase();
  if (base->dns == nullptr) {
    done({});
    return nullptr;
  }
  // evdns calls back in any case, cancelled or not; until then `owner` keeps what it needs alive.
  auto pending = std::make_shared<Pending>();
  pending->base = base;
  pending->done = std::move(done);
  auto* owner = new std::shared_ptr<Pending>(pending);
  const addrinfo hints = Hints(0);
  auto* request =
      evdns_getaddrinfo(base->dns, host.c_str(), port.c_str(), &hints, &Resolver::OnAnswer, owner);
  if (pending->over) return nullptr;  // answered from /etc/hosts, or failed, within the call
  pending->request = request;
  return Question(nullptr, [pending](std::nullptr_t) {
    pending->done = nullptr;
    if (!pending->over && pending->request != nullptr) {
      evdns_getaddrinfo_cancel(std::exchange(pending->request, nullptr));
    }
  });
}

void Resolver::OnAnswer(int result, addrinfo* answer, void* argument) {
  const std::unique_ptr<std::shared_ptr<Pending>> owner(
      static_cast<std::shared_ptr<Pending>*>(argument));
  const std::shared_ptr<Pending> pending = *owner;
  pending->over = true;
  pending->request = nullptr;
  auto addresses = Take(result == 0 ? answer : nullptr);
  if (answer != nullptr) evutil_freeaddrinfo(answer);
  if (addresses.empty() && result != EVUTIL_EAI_CANCEL) pending->base->failed = true;
  // evdns still works with its base after this call returns: let go of it in a later turn.
  EventLoop& loop = pending->base->loop;
  loop.Post([base = std::move(pending->base)] {});
  if (const Done done = std::exchange(pending->done, nullptr)) done(std::move(addresses));
}

}  // namespace zkcluster
