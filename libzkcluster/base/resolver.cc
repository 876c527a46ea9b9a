#include "base/resolver.h"

#include <event2/dns.h>
#include <event2/util.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace zkcluster {
namespace {

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

// Nothing: `host` is a name. Reads no file and asks nobody.
std::optional<std::vector<SocketAddress>> ReadLiteral(const std::string& host,
                                                      const std::string& port) {
  const addrinfo hints = Hints(AI_NUMERICHOST | AI_NUMERICSERV);
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return std::nullopt;
  auto addresses = Take(list);
  ::freeaddrinfo(list);
  return addresses;
}

evdns_base* NewDns(EventLoop& loop, const ResolverOptions& options) {
  evdns_base* dns = evdns_base_new(
      loop.base(), EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  if (dns == nullptr) {
    // No usable resolv.conf. Names of /etc/hosts work nevertheless.
    dns = evdns_base_new(loop.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns != nullptr) evdns_base_load_hosts(dns, "/etc/hosts");
  }
  if (dns == nullptr) return nullptr;
  const std::chrono::duration<double> seconds = options.timeout;
  evdns_base_set_option(dns, "timeout:", std::to_string(seconds.count()).c_str());
  evdns_base_set_option(dns, "attempts:", std::to_string(options.attempts).c_str());
  // Mixed case in questions confuses some small name servers, and protects nothing here.
  evdns_base_set_option(dns, "randomize-case:", "0");
  return dns;
}

}  // namespace

std::string HostText(const SocketAddress& address) {
  std::array<char, NI_MAXHOST> text{};
  const auto* const from = reinterpret_cast<const sockaddr*>(&address.storage);
  const int error = ::getnameinfo(from, address.size, text.data(),
                                  static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? std::string(text.data()) : std::string();
}

struct Resolver::Base {
  Base(EventLoop& on, const ResolverOptions& options)
      : loop(on), dns(NewDns(on, options)), made(on.Now()) {}
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

Resolver::Resolver(EventLoop& loop, const ResolverOptions& options)
    : loop_(loop), options_(options) {}
Resolver::~Resolver() = default;

std::shared_ptr<Resolver::Base> Resolver::CurrentBase() {
  if (auto base = base_.lock()) {
    const Duration age = loop_.Now() - base->made;
    if (age < options_.fresh && !(base->failed && age >= options_.fresh_after_failure)) return base;
  }
  auto base = std::make_shared<Base>(loop_, options_);
  base_ = base;
  if (options_.keep) kept_ = base;
  return base;
}

Resolver::Question Resolver::Resolve(const std::string& host, std::uint16_t port, Done done) {
  const std::string service = std::to_string(port);
  if (auto literal = ReadLiteral(host.empty() ? "127.0.0.1" : host, service)) {
    done({*std::move(literal), {}});
    return nullptr;
  }
  auto base = CurrentBase();
  if (base->dns == nullptr) {
    done({{}, "no resolver"});
    return nullptr;
  }
  // evdns calls back in any case, cancelled or not; until then `owner` keeps what it needs alive.
  auto pending = std::make_shared<Pending>();
  pending->base = base;
  pending->done = std::move(done);
  auto* owner = new std::shared_ptr<Pending>(pending);
  const addrinfo hints = Hints(0);
  auto* request = evdns_getaddrinfo(base->dns, host.c_str(), service.c_str(), &hints,
                                    &Resolver::OnAnswer, owner);
  if (pending->over) return nullptr;  // answered from /etc/hosts, or failed, within the call
  pending->request = request;
  return Question(nullptr, [pending](std::nullptr_t) {
    pending->done = nullptr;
    if (!pending->over && pending->request != nullptr) {
      evdns_getaddrinfo_cancel(std::exchange(pending->request, nullptr));
    }
  });
}

void Resolver::OnAnswer(int error, addrinfo* answer, void* argument) {
  const std::unique_ptr<std::shared_ptr<Pending>> owner(
      static_cast<std::shared_ptr<Pending>*>(argument));
  const std::shared_ptr<Pending> pending = *owner;
  pending->over = true;
  pending->request = nullptr;
  Answer found;
  if (error == 0) found.addresses = Take(answer);
  if (answer != nullptr) evutil_freeaddrinfo(answer);
  if (found.addresses.empty()) {
    if (error != EVUTIL_EAI_CANCEL) pending->base->failed = true;
    found.failure = error != 0 ? evutil_gai_strerror(error) : "the name has no address";
  }
  // evdns still uses its base after this call returns: release it in a later turn.
  EventLoop& loop = pending->base->loop;
  loop.Post([base = std::move(pending->base)] {});
  if (const Done done = std::exchange(pending->done, nullptr)) done(std::move(found));
}

}  // namespace zkcluster
