// ConnectionPool's two limits, of a connect and of a command, each far from the other: a row fails
// where one is taken for the other. None measures how long something took, but for a bound that is
// far below the limit that must not count.
#include <doctest/doctest.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "client/connection_pool.h"
#include "tests/support/silent_listener.h"
#include "tests/support/sockets.h"

namespace zkcluster::pool_limits_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Location At(const std::string& addr) {
  Location location;
  location.owner = "s1";
  location.serving = "s1";
  location.addr = addr;
  return location;
}

// Takes one connection, and sends each reply `late` after the bytes that ask for it. One that is
// empty is never sent: what comes instead, much later, is the end.
class LateServer {
 public:
  LateServer(std::vector<std::string> replies, milliseconds late) {
    thread_ = std::thread([this, late, replies = std::move(replies)] { Serve(replies, late); });
  }
  ~LateServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  LateServer(const LateServer&) = delete;
  LateServer& operator=(const LateServer&) = delete;

  [[nodiscard]] Location location() const {
    return At("127.0.0.1:" + std::to_string(socket_.port()));
  }

 private:
  // Far above each short limit here, far below each long one.
  static constexpr int kPatienceMs = 20'000;

  void Serve(const std::vector<std::string>& replies, milliseconds late) const {
    const UniqueFd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char bytes[256];
    for (const std::string& reply : replies) {
      if (::recv(peer.get(), bytes, sizeof(bytes), 0) <= 0) return;
      pollfd gone{peer.get(), POLLIN, 0};
      const int wait = reply.empty() ? kPatienceMs : static_cast<int>(late.count());
      if (::poll(&gone, 1, wait) != 0 || reply.empty()) return;
      static_cast<void>(::send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL));
    }
    pollfd gone{peer.get(), POLLIN, 0};
    ::poll(&gone, 1, kPatienceMs);
  }

  ListeningSocket socket_;
  std::thread thread_;
};

PoolOptions Limits(Duration connect, Duration command, const std::string& password = "") {
  PoolOptions options;
  options.connect_timeout = connect;
  options.command_timeout = command;
  options.password = password;
  options.reset = LeaseReset::kNever;
  return options;
}
PoolOptions ShortConnect(const std::string& password = "") {
  return Limits(milliseconds(100), seconds(60), password);
}
PoolOptions ShortCommand(const std::string& password = "") {
  return Limits(seconds(60), milliseconds(100), password);
}

// The text of the reply to PING; else why there is none.
std::string Ping(const Lease& lease) {
  auto* const reply = static_cast<redisReply*>(redisCommand(lease.get(), "PING"));
  if (reply == nullptr) {
    const bool late = lease.get()->err == REDIS_ERR_IO && errno == EAGAIN;
    return late ? "late" : "broken";
  }
  std::string text(reply->str, static_cast<std::size_t>(reply->len));
  freeReplyObject(reply);
  return text;
}

TEST_CASE("limits: a command has its own, and not that of the connect before it") {
  struct Case {
    std::string what;
    PoolOptions options;
    std::vector<std::string> replies;
    std::vector<std::string> heard;  // by PING after PING, on leases of their own
  };
  const std::string pong = "+PONG\r\n";
  for (const Case& c : {
           Case{"slower than a connect", ShortConnect(), {pong}, {"PONG"}},
           Case{"again, on a connection used before",
                ShortConnect(),
                {pong, pong, pong},
                {"PONG", "PONG", "PONG"}},
           Case{"after a login as slow", ShortConnect("pw"), {"+OK\r\n", pong}, {"PONG"}},
           Case{"after a login as slow, again",
                ShortConnect("pw"),
                {"+OK\r\n", pong, pong},
                {"PONG", "PONG"}},
           Case{"never", ShortCommand(), {""}, {"late"}},
           Case{"half", ShortCommand(), {"+PO", ""}, {"late"}},
       }) {
    CAPTURE(c.what);
    // Above the short limit of a connect; at once where the short limit is that of a command.
    const bool slow = c.options.connect_timeout < c.options.command_timeout;
    const LateServer server(c.replies, milliseconds(slow ? 350 : 0));
    ConnectionPool pool(c.options);
    std::vector<std::string> heard;
    for (std::size_t i = 0; i < c.heard.size(); ++i) {
      const auto lease = pool.Take(server.location());
      REQUIRE_MESSAGE(lease.has_value(), (lease ? "" : lease.error().message));
      heard.push_back(Ping(*lease));
    }
    CHECK(heard == c.heard);
    CHECK(pool.counters().opened == 1);
  }
}

TEST_CASE("limits: a borrower's own limit ends with the loan, and ours is that of a command") {
  for (const Duration borrowed : {Duration(milliseconds(1)), Duration(seconds(60))}) {
    const bool is_short = borrowed < seconds(1);
    CAPTURE(is_short);
    const std::string pong = "+PONG\r\n";
    const LateServer server({pong, is_short ? pong : ""}, milliseconds(is_short ? 350 : 0));
    ConnectionPool pool(is_short ? ShortConnect() : ShortCommand());
    {
      const auto lease = pool.Take(server.location());
      REQUIRE(lease.has_value());
      CHECK(Ping(*lease) == "PONG");
      const auto millis = std::chrono::duration_cast<milliseconds>(borrowed).count();
      const timeval limit{static_cast<time_t>(millis / 1000),
                          static_cast<suseconds_t>(millis % 1000 * 1000)};
      REQUIRE(redisSetTimeout(lease->get(), limit) == REDIS_OK);
    }
    const auto lease = pool.Take(server.location());
    REQUIRE(lease.has_value());
    CHECK(pool.counters().reused == 1);
    CHECK(Ping(*lease) == (is_short ? "PONG" : "late"));
  }
}

TEST_CASE("limits: a login has that of a command") {
  const LateServer server({""}, milliseconds(0));
  ConnectionPool pool(ShortCommand("pw"));
  const auto lease = pool.Take(server.location());
  REQUIRE_FALSE(lease.has_value());
  CHECK(lease.error().code == ErrorCode::kUnavailable);
  // Its own limit has ended it, and not the server, which gives up much later.
  CHECK(lease.error().message.find("losed") == std::string::npos);
}

TEST_CASE("limits: a connect has its own, and not that of a command") {
  const contract::SilentListener silent;
  ConnectionPool pool(ShortConnect());
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 2; ++i) {
    const auto lease = pool.Take(At(silent.address()));
    REQUIRE_FALSE(lease.has_value());
    CHECK(lease.error().code == ErrorCode::kUnavailable);
  }
  CHECK(std::chrono::steady_clock::now() - began < seconds(30));  // each would take 60 s
  CHECK(pool.counters().failed == 2);
}

TEST_CASE("limits: a command's short one does not end a connect that is slow") {
  // Of two addresses the first is silent: its share of the connect is longer than a command may be.
  const LateServer server({"+PONG\r\n"}, milliseconds(0));
  ConnectionPool pool(Limits(milliseconds(800), milliseconds(100)));
  const std::string port = server.location().addr.substr(server.location().addr.find(':'));
  const contract::SilentListener silent("127.0.3.2",
                                        static_cast<std::uint16_t>(std::stoul(port.substr(1))));
  const auto lease = pool.Take(At("a-name" + port), [](const std::string&, Duration) {
    return std::vector<std::string>{"127.0.3.2", "127.0.0.1"};
  });
  REQUIRE(lease.has_value());
  CHECK(Ping(*lease) == "PONG");
}

}  // namespace
}  // namespace zkcluster::pool_limits_test
