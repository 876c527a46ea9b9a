#include "tests/support/name_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace zkcluster::contract {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;

void Require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("name server: ") + what);
}

std::uint16_t Get16(const std::string& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes.at(at)) << 8U |
                                    static_cast<unsigned char>(bytes.at(at + 1)));
}
void Put16(std::string& bytes, unsigned value) {
  bytes += static_cast<char>(value >> 8U & 0xffU);
  bytes += static_cast<char>(value & 0xffU);
}

struct Asked {
  std::string name;  // lower case
  std::uint16_t type = 0;
  std::size_t end = 0;  // of the question
  bool edns = false;
  std::size_t room = 512;
};

Asked Read(const std::string& packet) {
  Asked asked;
  std::size_t at = kHeader;
  while (packet.at(at) != 0) {
    const auto length = static_cast<std::size_t>(packet.at(at));
    if (!asked.name.empty()) asked.name += '.';
    for (const char c : packet.substr(at + 1, length)) {
      asked.name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    at += length + 1;
  }
  asked.type = Get16(packet, at + 1);
  asked.end = at + 5;
  if (Get16(packet, 10) > 0) {  // the one additional record is OPT: a root name, a type, a size
    asked.edns = true;
    asked.room = std::max<std::size_t>(512, Get16(packet, asked.end + 3));
  }
  return asked;
}

std::string Encode(const std::string& name) {
  std::string bytes;
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t end = std::min(name.find('.', start), name.size());
    bytes += static_cast<char>(end - start);
    bytes += name.substr(start, end - start);
    start = end + 1;
  }
  return bytes + '\0';
}

void Append(std::string& answer, const std::string& owner, std::uint16_t type, std::uint32_t ttl,
            const std::string& data) {
  answer += owner;
  Put16(answer, type);
  Put16(answer, 1);
  Put16(answer, ttl >> 16U);
  Put16(answer, ttl & 0xffffU);
  Put16(answer, static_cast<unsigned>(data.size()));
  answer += data;
}

std::string Raw(int family, const std::string& literal) {
  std::array<char, 16> raw{};
  Require(::inet_pton(family, literal.c_str(), raw.data()) == 1, "no address");
  return {raw.data(), family == AF_INET ? 4U : 16U};
}

sockaddr_in Place(const std::string& host, std::uint16_t port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  Require(::inet_pton(AF_INET, host.c_str(), &place.sin_addr) == 1, "no IPv4 address");
  return place;
}

}  // namespace

NameServer::NameServer(const std::string& host, std::uint16_t port)
    : host_(host),
      udp_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      tcp_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      port_(port) {
  const int on = 1;
  ::setsockopt(tcp_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // TCP gets a free port; that of UDP has to be the same.
  sockaddr_in place = Place(host, port);
  socklen_t size = sizeof(place);
  auto* const raw = reinterpret_cast<sockaddr*>(&place);
  Require(::bind(tcp_.get(), raw, size) == 0 && ::listen(tcp_.get(), 64) == 0, "bind TCP");
  Require(::getsockname(tcp_.get(), raw, &size) == 0, "getsockname");
  Require(::bind(udp_.get(), raw, size) == 0, "bind UDP");
  port_ = ntohs(place.sin_port);
  thread_ = std::thread([this] { Run(); });
}

NameServer::~NameServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void NameServer::Set(const std::string& name, Record record) {
  const std::lock_guard lock(mutex_);
  records_[name] = std::move(record);
}
void NameServer::Remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  records_.erase(name);
}
void NameServer::SetManners(Manners manners) {
  const std::lock_guard lock(mutex_);
  manners_ = manners;
}
std::size_t NameServer::questions() const {
  const std::lock_guard lock(mutex_);
  return times_.size();
}
std::vector<Clock::time_point> NameServer::times() const {
  const std::lock_guard lock(mutex_);
  return times_;
}

void NameServer::Run() {
  while (true) {
    int wait = -1;
    if (!replies_.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          std::ranges::min_element(replies_, {}, &Reply::due)->due - Clock::now());
      wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    std::array<pollfd, 3> ready = {
        {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), wait) < 0) continue;
    if (ready[2].revents != 0) return;
    if (ready[0].revents != 0) ServeUdp();
    if (ready[1].revents != 0) ServeTcp();
    SendDue();
  }
}

void NameServer::ServeUdp() {
  std::string packet(4096, '\0');
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  const ssize_t got = ::recvfrom(udp_.get(), packet.data(), packet.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
  if (got < static_cast<ssize_t>(kHeader)) return;
  packet.resize(static_cast<std::size_t>(got));
  const auto answer = AnswerTo(packet, false);
  if (!answer) return;
  const std::lock_guard lock(mutex_);
  replies_.push_back({Clock::now() + manners_.delay, *answer,
                      std::string(reinterpret_cast<const char*>(&from), sizeof(from))});
}

void NameServer::SendDue() {
  const auto now = Clock::now();
  std::erase_if(replies_, [&](const Reply& reply) {
    if (reply.due > now) return false;
    ::sendto(udp_.get(), reply.bytes.data(), reply.bytes.size(), 0,
             reinterpret_cast<const sockaddr*>(reply.peer.data()), sizeof(sockaddr_in));
    return true;
  });
}

// One question per connection, which comes at once: this is a test.
void NameServer::ServeTcp() {
  UniqueFd peer(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer.valid()) return;
  const timeval limit{1, 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  std::string bytes(4096, '\0');
  const ssize_t got = ::recv(peer.get(), bytes.data(), bytes.size(), 0);
  if (got < static_cast<ssize_t>(kHeader) + 2) return;
  bytes.resize(static_cast<std::size_t>(got));
  const auto answer = AnswerTo(bytes.substr(2), true);
  if (!answer) {
    held_.push_back(std::move(peer));
    return;
  }
  std::string framed;
  Put16(framed, static_cast<unsigned>(answer->size()));
  framed += *answer;
  static_cast<void>(::send(peer.get(), framed.data(), framed.size(), MSG_NOSIGNAL));
}

std::optional<std::string> NameServer::AnswerTo(const std::string& question, bool tcp) {
  const std::lock_guard lock(mutex_);
  times_.push_back(Clock::now());
  const Asked asked = Read(question);
  const bool v4 = asked.type == kTypeA;
  if (manners_.silent || (tcp && manners_.silent_tcp) || (v4 && manners_.silent_v4) ||
      (!v4 && manners_.silent_v6) || (asked.edns && manners_.silent_edns)) {
    return std::nullopt;
  }
  std::string records;
  unsigned count = 0;
  int code = manners_.code;
  auto found = records_.find(asked.name);
  if (asked.edns && manners_.refuses_edns) code = 1;
  if (code == 0 && found == records_.end()) code = 3;
  if (code == 0) {
    std::string owner = "\xc0\x0c";  // the name of the question
    if (const std::string alias = found->second.alias; !alias.empty()) {
      Append(records, owner, kTypeCname, found->second.ttl, Encode(alias));
      ++count;
      owner = Encode(alias);
      found = records_.find(alias);
    }
    if (found != records_.end()) {
      for (const std::string& address : v4 ? found->second.v4 : found->second.v6) {
        Append(records, owner, v4 ? kTypeA : kTypeAaaa, found->second.ttl,
               Raw(v4 ? AF_INET : AF_INET6, address));
        ++count;
      }
    }
  }
  const bool cut = !tcp && (manners_.truncated || asked.end + records.size() > asked.room);
  if (cut) {
    records.clear();
    count = 0;
  }
  std::string answer = question.substr(0, 2);
  if (manners_.other_id) answer[0] = static_cast<char>(answer[0] ^ 0x55);
  Put16(answer, 0x8180U | (cut ? 0x0200U : 0U) | static_cast<unsigned>(code));
  Put16(answer, 1);
  Put16(answer, count);
  Put16(answer, 0);
  Put16(answer, 0);
  answer += question.substr(kHeader, asked.end - kHeader) + records;
  if (manners_.cut) answer.resize(answer.size() - records.size() / 2 - 1);
  return answer;
}

}  // namespace zkcluster::contract
