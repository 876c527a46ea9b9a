#include "names/ares_dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/read_file.h"
#include "text/address.h"

namespace zkcluster {
namespace {

// How often a file is checked for a change while questions are asked.
constexpr Duration kCheckFile = std::chrono::seconds(1);
constexpr std::size_t kLargestHosts = 16'000'000;
// What fits into one packet on every path.
constexpr int kEdnsSize = 1232;
constexpr int kMostAddresses = 256;

// The system's header for these defines half of the alphabet.
constexpr int kClassIn = 1;
constexpr int kTypeA = 1;
constexpr int kTypeAaaa = 28;

void InitLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { ZKC_CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS); });
}

template <class Raw>
std::string Literal(int family, const Raw& raw) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, &raw, text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

DnsAnswer Translate(int status) {
  DnsAnswer answer;
  answer.why = ares_strerror(status);
  switch (status) {
    case ARES_ENODATA:
      answer.kind = DnsAnswer::Kind::kNoData;
      break;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:  // a label that is too long, say: no such name can exist
      answer.kind = DnsAnswer::Kind::kNoName;
      break;
    case ARES_ETIMEOUT:
      answer.kind = DnsAnswer::Kind::kSilent;
      break;
    default:
      answer.kind = DnsAnswer::Kind::kFailed;
      break;
  }
  return answer;
}

// Takes the addresses out of the list that c-ares has filled in.
template <class Entry>
DnsAnswer Found(const std::array<Entry, kMostAddresses>& entries, int count, int family) {
  if (count == 0) return Translate(ARES_ENODATA);  // another name that has no address
  DnsAnswer answer;
  answer.kind = DnsAnswer::Kind::kFound;
  int ttl = entries[0].ttl;
  for (int i = 0; i < count; ++i) {
    const Entry& entry = entries[static_cast<std::size_t>(i)];
    ttl = std::min(ttl, entry.ttl);
    if constexpr (requires { entry.ipaddr; }) {
      answer.addresses.push_back(Literal(family, entry.ipaddr));
    } else {
      answer.addresses.push_back(Literal(family, entry.ip6addr));
    }
  }
  answer.ttl = std::chrono::seconds(std::max(ttl, 0));
  return answer;
}

DnsAnswer Parse(Family family, const unsigned char* bytes, int length) {
  int count = kMostAddresses;
  if (family == Family::kV4) {
    std::array<ares_addrttl, kMostAddresses> entries{};
    const int status = ares_parse_a_reply(bytes, length, nullptr, entries.data(), &count);
    return status == ARES_SUCCESS ? Found(entries, count, AF_INET) : Translate(status);
  }
  std::array<ares_addr6ttl, kMostAddresses> entries{};
  const int status = ares_parse_aaaa_reply(bytes, length, nullptr, entries.data(), &count);
  return status == ARES_SUCCESS ? Found(entries, count, AF_INET6) : Translate(status);
}

std::string ServerText(const ares_addr_port_node& node) {
  const bool v4 = node.family == AF_INET;
  const std::string host =
      v4 ? Literal(AF_INET, node.addr.addr4) : Literal(AF_INET6, node.addr.addr6);
  const int port = node.udp_port;
  return FormatAddress({host, static_cast<std::uint16_t>(port == 0 ? 53 : port)});
}

struct DestroyChannel {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using ChannelPtr = std::unique_ptr<ares_channeldata, DestroyChannel>;

// Null: the file cannot be read, or there is no memory.
ChannelPtr NewChannel(ares_options options, int mask) {
  InitLibrary();
  ares_channel channel = nullptr;
  return ChannelPtr(ares_init_options(&channel, &options, mask) == ARES_SUCCESS ? channel
                                                                                : nullptr);
}

std::optional<DnsSetup> ReadResolvConf(std::string path) {
  ares_options options{};
  options.resolvconf_path = path.data();
  const ChannelPtr channel = NewChannel(options, ARES_OPT_RESOLVCONF);
  if (!channel) return std::nullopt;
  DnsSetup setup;
  ares_addr_port_node* servers = nullptr;
  if (ares_get_servers_ports(channel.get(), &servers) != ARES_SUCCESS) return std::nullopt;
  for (const auto* node = servers; node != nullptr; node = node->next) {
    const std::string server = ServerText(*node);
    if (std::ranges::find(setup.servers, server) == setup.servers.end()) {
      setup.servers.push_back(server);
    }
  }
  ares_free_data(servers);
  ares_options saved{};
  int mask = 0;
  if (ares_save_options(channel.get(), &saved, &mask) == ARES_SUCCESS) {
    for (int i = 0; i < saved.ndomains; ++i) setup.search.emplace_back(saved.domains[i]);
    if ((mask & ARES_OPT_NDOTS) != 0) setup.ndots = saved.ndots;
    ares_destroy_options(&saved);
  }
  return setup;
}

}  // namespace

// The questions to one server in one dialect.
class AresDns::Channel {
 public:
  Channel(EventLoop& loop, const std::string& server, Dialect dialect)
      : loop_(loop), timer_(loop.NewTimer([this] { Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); })) {
    ares_options options{};
    // "Nothing" is said by NXDOMAIN, and by SERVFAIL that nothing can be said: the caller decides.
    options.flags = ARES_FLAG_NOCHECKRESP | (dialect == Dialect::kEdns ? ARES_FLAG_EDNS : 0);
    options.ednspsz = kEdnsSize;
    options.timeout =
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(kLimit).count());
    options.tries = 1;
    options.sock_state_cb = &Channel::OnSocketState;
    options.sock_state_cb_data = this;
    channel_ = NewChannel(options, ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS |
                                       ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (channel_ && ares_set_servers_ports_csv(channel_.get(), server.c_str()) != ARES_SUCCESS) {
      channel_.reset();
    }
  }
  ~Channel() { channel_.reset(); }  // while the events are still there
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] Question Ask(const std::string& name, Family family, Done done) {
    auto query = std::make_shared<Query>(Query{loop_, family, std::move(done)});
    if (channel_) {
      ++open_;
      query->channel = this;
      auto* const owner = new std::shared_ptr<Query>(query);
      ares_query(channel_.get(), name.c_str(), kClassIn, family == Family::kV4 ? kTypeA : kTypeAaaa,
                 &Channel::OnAnswer, owner);
      Rearm();
    } else {
      AnswerSoon(query, Translate(ARES_ENOMEM));
    }
    // c-ares keeps the query until its end; only `done` goes.
    return Question(nullptr, [query](std::nullptr_t) { query->done = nullptr; });
  }

  [[nodiscard]] bool idle() const { return open_ == 0; }

 private:
  struct Query {
    EventLoop& loop;
    Family family;
    Done done;  // null: the answer is no longer wanted
    Channel* channel = nullptr;
  };

  // In a later turn: c-ares may be in the middle of a call, and it may be one of Ask.
  static void AnswerSoon(const std::shared_ptr<Query>& query, DnsAnswer answer) {
    query->loop.Post([query, answer = std::move(answer)] {
      if (const Done done = std::exchange(query->done, nullptr)) done(answer);
    });
  }

  static void OnAnswer(void* argument, int status, int, unsigned char* bytes, int length) {
    const std::unique_ptr<std::shared_ptr<Query>> owner(
        static_cast<std::shared_ptr<Query>*>(argument));
    Query& query = **owner;
    --query.channel->open_;
    if (status == ARES_EDESTRUCTION || !query.done) return;
    const bool parse = status == ARES_SUCCESS && bytes != nullptr;
    AnswerSoon(*owner, parse ? Parse(query.family, bytes, length) : Translate(status));
  }

  static void OnSocketState(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Channel*>(self)->Listen(fd, readable != 0, writable != 0);
  }
  static void OnReady(evutil_socket_t fd, short what, void* self) {
    static_cast<Channel*>(self)->Process((what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
                                         (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
  }

  // c-ares closes the socket after the last of these calls.
  void Listen(ares_socket_t fd, bool readable, bool writable) {
    events_.erase(fd);
    if (!readable && !writable) return;
    const int what = EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
    EventPtr made(event_new(loop_.base(), fd, static_cast<short>(what), &Channel::OnReady, this));
    if (!made || event_add(made.get(), nullptr) != 0) return;  // the question times out
    events_.emplace(fd, std::move(made));
  }

  void Process(ares_socket_t read, ares_socket_t write) {
    ares_process_fd(channel_.get(), read, write);
    Rearm();
  }

  void Rearm() {
    timeval wait{};
    if (ares_timeout(channel_.get(), nullptr, &wait) == nullptr) return timer_->Cancel();
    timer_->Arm(std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec));
  }

  struct FreeEvent {
    void operator()(event* freed) const { event_free(freed); }
  };
  using EventPtr = std::unique_ptr<event, FreeEvent>;

  EventLoop& loop_;
  std::unique_ptr<Timer> timer_;
  std::map<ares_socket_t, EventPtr> events_;
  std::size_t open_ = 0;
  ChannelPtr channel_;
};

AresDns::AresDns(EventLoop& loop, Files files)
    : loop_(loop),
      resolv_conf_{std::move(files.resolv_conf), {}},
      hosts_{std::move(files.hosts), {}} {}
AresDns::~AresDns() = default;

AresDns::Stamp AresDns::StampOf(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
          std::int64_t{status.st_size}, static_cast<std::uint64_t>(status.st_ino)};
}

bool AresDns::Changed(Watch& watch) {
  const TimePoint now = loop_.Now();
  const bool first = watch.checked == TimePoint::min();
  if (!first && now - watch.checked < kCheckFile) return false;
  watch.checked = now;
  const Stamp stamp = StampOf(watch.path);
  return std::exchange(watch.stamp, stamp) != stamp || first;
}

DnsSetup AresDns::setup() {
  if (!Changed(resolv_conf_)) return setup_;
  // A file that cannot be read now: the last one that could be stays in use.
  if (auto setup = ReadResolvConf(resolv_conf_.path)) setup_ = *std::move(setup);
  return setup_;
}

std::vector<std::string> AresDns::HostsFile(const std::string& name) {
  if (Changed(hosts_)) {
    const auto text = ReadFile(hosts_.path, kLargestHosts);
    table_ = text ? ParseHosts(*text) : HostsTable();
  }
  const auto found =
      table_.find(LowerCase(name.ends_with('.') ? name.substr(0, name.size() - 1) : name));
  return found == table_.end() ? std::vector<std::string>() : found->second;
}

Dns::Question AresDns::Ask(const std::string& server, const std::string& name, Family family,
                           Dialect dialect, Done done) {
  // Servers come and go with resolv.conf.
  std::erase_if(channels_, [&](const auto& item) {
    return item.second->idle() && item.first.first != server &&
           std::ranges::find(setup_.servers, item.first.first) == setup_.servers.end();
  });
  auto& channel = channels_[{server, dialect}];
  if (!channel) channel = std::make_unique<Channel>(loop_, server, dialect);
  return channel->Ask(name, family, std::move(done));
}

}  // namespace zkcluster
