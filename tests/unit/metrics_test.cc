#include "checker/metrics.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "base/unique_fd.h"
#include "tools/sandbox/process.h"

using namespace zkcluster;

namespace {

MetricsFacts Facts() {
  MetricsFacts facts;
  facts.session = SessionState::kConnected;
  Participant::Summary& summary = facts.clusters["sessions"];
  summary.leading = true;
  summary.frozen = true;
  summary.opinions[static_cast<std::size_t>(Opinion::kAlive)] = 3;
  summary.opinions[static_cast<std::size_t>(Opinion::kDead)] = 2;
  facts.probes.succeeded = 1'234'567;
  facts.probes.failed[static_cast<std::size_t>(Reason::kTimeout)] = 9;
  facts.stalls = {{"main", 1}, {"worker", 0}};
  return facts;
}

bool Holds(const std::string& page, const std::string& line) {
  return page.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: each family has its help, its type and its values") {
  const std::string page = FormatMetrics(Facts());
  CHECK(page.starts_with("# HELP zkcluster_session_state 1 for the state that the session"));
  for (const char* line :
       {"# TYPE zkcluster_session_state gauge", "zkcluster_session_state{state=\"connected\"} 1",
        "zkcluster_session_state{state=\"suspended\"} 0", "# TYPE zkcluster_leading gauge",
        "zkcluster_leading{cluster=\"sessions\"} 1", "zkcluster_frozen{cluster=\"sessions\"} 1",
        "zkcluster_paused{cluster=\"sessions\"} 0",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"alive\"} 3",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"dead\"} 2",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"unknown\"} 0",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"not_probed\"} 0",
        "# TYPE zkcluster_probes_total counter", "zkcluster_probes_total{result=\"alive\"} 1234567",
        "zkcluster_probes_total{result=\"timeout\"} 9",
        "zkcluster_probes_total{result=\"refused\"} 0", "# TYPE zkcluster_stalls_total counter",
        "zkcluster_stalls_total{loop=\"main\"} 1", "zkcluster_stalls_total{loop=\"worker\"} 0"}) {
    CHECK_MESSAGE(Holds(page, line), line << " is not in\n" << page);
  }
  CHECK(page.find("mixed") == std::string::npos);
  CHECK(page.back() == '\n');
}

TEST_CASE("metrics: no cluster, and a name that needs care") {
  MetricsFacts facts = Facts();
  facts.clusters.clear();
  CHECK(FormatMetrics(facts).find("zkcluster_leading") == std::string::npos);
  facts.clusters["a\"b\\c"];
  CHECK(Holds(FormatMetrics(facts), "zkcluster_leading{cluster=\"a\\\"b\\\\c\"} 0"));
}

TEST_CASE("metrics: an address that is taken or not ours is an error that names it") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const auto page = [] { return std::string(); };
  const auto first = MetricsServer::Listen(loop, {"127.0.0.1", port}, page);
  REQUIRE_MESSAGE(first, first.error().message);
  const auto second = MetricsServer::Listen(loop, {"127.0.0.1", port}, page);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kUnavailable);
  CHECK(second.error().message ==
        "cannot listen at 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  CHECK_FALSE(MetricsServer::Listen(loop, {"192.0.2.1", port}, page));
}

TEST_CASE("metrics: without descriptors it waits for some, instead of making the loop spin") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const auto server =
      MetricsServer::Listen(loop, {"127.0.0.1", port}, [] { return std::string("here\n"); });
  REQUIRE(server);
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  int turns = 0;
  const auto turn = [&](Duration limit) {
    const auto count = [&turns] {
      ++turns;
      return false;
    };
    (void)loop.RunUntil(count, limit);
  };
  // UBSan looks at vtables through a pipe, once each: let it, while there are descriptors.
  turn(std::chrono::milliseconds(1));
  turns = 0;

  // The next descriptor there would be is above the limit. Nothing is judged before it is back.
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const int next = ::dup(client.get());
  REQUIRE(next > client.get());
  ::close(next);
  const rlimit none{static_cast<rlim_t>(next), limit.rlim_max};
  const bool lowered = ::setrlimit(RLIMIT_NOFILE, &none) == 0;
  const bool began =
      ::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ||
      errno == EINPROGRESS;
  turn(std::chrono::milliseconds(300));
  const bool restored = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  REQUIRE(lowered);
  REQUIRE(began);
  REQUIRE(restored);
  CHECK(turns < 1000);  // a loop that spins takes a hundred thousand

  const std::string request = "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n";
  REQUIRE(::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
  std::string answer;
  CHECK(loop.RunUntil(
      [&] {
        char buffer[1024];
        const ssize_t count = ::recv(client.get(), buffer, sizeof buffer, 0);
        if (count > 0) answer.append(buffer, static_cast<std::size_t>(count));
        return count == 0;
      },
      std::chrono::seconds(20)));
  CHECK(answer.ends_with("\r\n\r\nhere\n"));
}
