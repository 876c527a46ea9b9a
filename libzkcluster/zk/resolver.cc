#include "zk/resolver.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

namespace zkcluster::zk {
namespace {

constexpr Duration kLimit = std::chrono::seconds(5);

struct DnsBaseDeleter {
  void operator()(evdns_base* base) const { evdns_base_free(base, 0); }
};
using DnsBase = std::shared_ptr<evdns_base>;

std::string HostText(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    evutil_inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text,
                     sizeof(text));
  } else if (address.sa_family == AF_INET6) {
    evutil_inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
                     sizeof(text));
  }
  return text;
}

}  // namespace

struct Resolver::Question : std::enable_shared_from_this<Question> {
  // One name being asked for. Owned by evdns until it calls back, which it does even when
  // cancelled, some turns later: the base must live that long, and a turn longer.
  struct Lookup {
    std::weak_ptr<Question> question;
    EventLoop& loop;
    DnsBase dns;
    Address name;
    evdns_getaddrinfo_request* request = nullptr;
  };

  Done done;
  Answer answer;
  DnsBase dns;
  std::vector<Lookup*> open;
  std::unique_ptr<Timer> timer;

  ~Question() {
    for (Lookup* lookup : std::exchange(open, {})) {
      if (lookup->request != nullptr) evdns_getaddrinfo_cancel(lookup->request);
    }
  }

  void Add(Address address) {
    if (std::ranges::find(answer.addresses, address) == answer.addresses.end()) {
      answer.addresses.push_back(std::move(address));
    }
  }

  static DnsBase NewDnsBase(EventLoop& loop) {
    evdns_base* dns = evdns_base_new(
        loop.base(), EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns == nullptr) {
      // No usable resolv.conf. Names of the hosts file work nevertheless.
      dns = evdns_base_new(loop.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
      if (dns != nullptr) evdns_base_load_hosts(dns, "/etc/hosts");
    }
    if (dns == nullptr) return nullptr;
    evdns_base_set_option(dns, "timeout:", "1");
    evdns_base_set_option(dns, "attempts:", "2");
    // Mixed case in questions confuses some small name servers.
    evdns_base_set_option(dns, "randomize-case:", "0");
    return DnsBase(dns, DnsBaseDeleter());
  }

  void Ask(EventLoop& loop, const Address& name) {
    if (!dns) dns = NewDnsBase(loop);
    if (!dns) {
      answer.failures.push_back(name.host + ": no resolver");
      return;
    }
    evutil_addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    auto* lookup = new Lookup{weak_from_this(), loop, dns, name, nullptr};
    open.push_back(lookup);
    // Null when it has already called back, from the hosts file: `lookup` is gone then.
    auto* request =
        evdns_getaddrinfo(dns.get(), name.host.c_str(), nullptr, &hints, &Answered, lookup);
    if (request != nullptr) lookup->request = request;
  }

  static void Answered(int error, evutil_addrinfo* found, void* context) {
    const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(context));
    const std::unique_ptr<evutil_addrinfo, decltype(&evutil_freeaddrinfo)> list(
        found, &evutil_freeaddrinfo);
    // evdns goes on working with its base after this call.
    lookup->loop.Post([dns = lookup->dns] {});
    const auto question = lookup->question.lock();
    if (!question) return;
    std::erase(question->open, lookup.get());
    bool any = false;
    for (const evutil_addrinfo* info = found; info != nullptr; info = info->ai_next) {
      const std::string host = HostText(*info->ai_addr);
      if (host.empty()) continue;
      question->Add({host, lookup->name.port});
      any = true;
    }
    if (!any) {
      question->answer.failures.push_back(
          lookup->name.host + ": " +
          (error != 0 ? evutil_gai_strerror(error) : "the name has no address"));
    }
    question->FinishWhenComplete();
  }

  void FinishWhenComplete() {
    // Never from within Resolve, and never from within evdns: `done` may destroy the resolver.
    if (open.empty()) timer->Arm(Duration::zero());
  }
};

Resolver::Resolver(EventLoop& loop) : loop_(loop) {}
Resolver::~Resolver() = default;

void Resolver::Resolve(const std::vector<Address>& names, Done done) {
  question_ = std::make_shared<Question>();
  Question& question = *question_;
  question.done = std::move(done);
  question.timer = loop_.NewTimer([this] {
    const std::shared_ptr<Question> finished = std::move(question_);
    for (const Question::Lookup* lookup : finished->open) {
      finished->answer.failures.push_back(lookup->name.host + ": no answer from DNS");
    }
    finished->done(finished->answer);
  });
  question.timer->Arm(kLimit);
  for (const Address& name : names) {
    if (IsIpLiteral(name.host)) {
      question.Add(name);
    } else if (name.host.empty()) {
      question.Add({"127.0.0.1", name.port});
    } else {
      question.Ask(loop_, name);
    }
  }
  question.FinishWhenComplete();
}

}  // namespace zkcluster::zk
