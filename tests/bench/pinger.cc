// The limit: the least a program can do to ask N Redis servers for a PONG each interval over
// connections that stay open. One array, one epoll, two system calls a probe; no deadline, no
// judgement, no report. Only a checker's cost above this can be improved. With --hiredis: the usual
// way instead, hiredis' asynchronous context on libevent with the adapter that hiredis ships, and
// an event per connection for the interval.
//
//   pinger [--hiredis] [--targets N] [--port P] [--seconds S] [--interval-ms I] [--batch-ms B]
//
// Target i is 127.x.y.z, in the order of TargetAddress. Prints one line of JSON: probes answered in
// the measured time (after all connections are up and a first round is over) and the CPU time of
// this process per probe, in microseconds.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/hiredis_pinger.h"
#include "tests/bench/pinger.h"

namespace zkcluster::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

[[noreturn]] void Throw(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

int Connect(const std::string& host, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Throw("socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &to.sin_addr);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    Throw("connect to " + host);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// The servers' answers, as many as are there now.
std::size_t Collect(int poll, int wait_ms) {
  std::array<epoll_event, 512> events;
  const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), wait_ms);
  std::size_t answers = 0;
  std::array<char, 64> buffer;
  for (int i = 0; i < ready; ++i) {
    const ssize_t n = ::recv(events[static_cast<std::size_t>(i)].data.fd, buffer.data(),
                             buffer.size(), MSG_DONTWAIT);
    if (n == 0) throw std::runtime_error("a server closed its connection");
    if (n > 0) ++answers;
  }
  return answers;
}

}  // namespace

Measured RunBare(const Options& options) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  if (poll < 0) Throw("epoll_create1");
  std::vector<int> fds;
  for (std::size_t i = 0; i < options.targets; ++i) {
    fds.push_back(Connect(TargetAddress(i), options.port));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fds.back();
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, fds.back(), &event) != 0) Throw("epoll_ctl");
  }
  Measured measured;
  const auto interval = std::chrono::duration_cast<Clock::duration>(options.interval);
  const auto start = Clock::now();
  auto measured_from = Clock::time_point::max();
  std::size_t sent = 0;
  for (;;) {
    const auto now = Clock::now();
    if (measured_from == Clock::time_point::max() && now - start >= interval) {
      measured_from = now;
      measured.Begin();
    }
    if (measured_from != Clock::time_point::max() && now - measured_from >= options.duration) break;
    // The targets that are due by now: they are spread evenly over the interval.
    const auto due = static_cast<std::size_t>(static_cast<double>(fds.size()) *
                                              std::chrono::duration<double>(now - start).count() /
                                              std::chrono::duration<double>(interval).count());
    for (; sent < due; ++sent) {
      if (::send(fds[sent % fds.size()], kPing.data(), kPing.size(), MSG_NOSIGNAL) < 0)
        Throw("send");
    }
    if (options.nap) {
      ::poll(nullptr, 0, static_cast<int>(options.batch.count()));
      while (const std::size_t answers = Collect(poll, 0)) measured.probes += answers;
    } else {
      measured.probes += Collect(poll, static_cast<int>(options.batch.count()));
    }
  }
  measured.End();
  for (const int fd : fds) ::close(fd);
  ::close(poll);
  return measured;
}

}  // namespace zkcluster::bench

using namespace zkcluster::bench;

int main(int argc, char** argv) {
  try {
    const Options options = ParseOptions(argc, argv);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const Measured measured = options.hiredis ? RunHiredis(options) : RunBare(options);
    fmt::print("{{\"targets\":{},\"probes\":{},\"cpu_us_per_probe\":{:.3f},\"rss_kb\":{}}}\n",
               options.targets, measured.probes, measured.CpuMicrosPerProbe(), measured.rss_kb);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pinger: %s\n", error.what());
    return 1;
  }
}
