// ConnectionPool against a listener that sends what the test wants.
#include "client/connection_pool.h"

#include <doctest/doctest.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "tests/support/sockets.h"

namespace zkcluster::connection_pool_test {
namespace {

class Listener {
 public:
  [[nodiscard]] Location location() const {
    Location location;
    location.owner = "s1";
    location.serving = "s1";
    location.addr = "127.0.0.1:" + std::to_string(socket_.port());
    return location;
  }
  [[nodiscard]] UniqueFd Accept() const {
    return UniqueFd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  // To the next connection, after its first bytes.
  void Answer(const std::string& reply) const {
    const UniqueFd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char bytes[256];
    if (::recv(peer.get(), bytes, sizeof(bytes), 0) <= 0) return;
    static_cast<void>(::send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL));
    static_cast<void>(::recv(peer.get(), bytes, sizeof(bytes), 0));  // until the pool hangs up
  }

 private:
  ListeningSocket socket_;
};

// The listener answers nothing: leftovers of a borrower are not tested here.
PoolOptions Trusting() {
  PoolOptions options;
  options.reset = LeaseReset::kNever;
  return options;
}

TEST_CASE("authenticate: what the server repeats of the password is not passed on") {
  const Listener server;
  const std::string prefix = "authenticate with " + server.location().addr + ": ";
  const struct {
    const char* reply;
    const char* says;
  } kRows[] = {
      {"-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n", "ERR"},
      {"-WRONGPASS invalid username-password pair or user is disabled.\r\n", "WRONGPASS"},
      {"-hunter2\r\n", "refused"},
      {"-\r\n", "refused"},
  };
  for (const auto& row : kRows) {
    const std::string reply = row.reply;
    CAPTURE(reply);
    PoolOptions options;
    options.password = "hunter2";
    options.command_timeout = std::chrono::seconds(20);
    ConnectionPool pool(options);
    std::thread answering([&] { server.Answer(reply); });
    const auto lease = pool.Take(server.location());
    answering.join();
    REQUIRE_FALSE(lease.has_value());
    CHECK(lease.error().code == ErrorCode::kDenied);
    CHECK(lease.error().message == prefix + row.says);
  }
}

TEST_CASE("retain: only what may be used again is kept") {
  const Listener server;
  const std::string addr = server.location().addr;
  const struct {
    const char* what;
    std::function<void(ConnectionPool&)> before;
    std::function<void(ConnectionPool&)> during;
    std::uint64_t reused;
  } kRows[] = {
      {"never notified", [](auto&) {}, [](auto&) {}, 1},
      {"retained before", [&](auto& pool) { pool.Retain({addr}); }, [](auto&) {}, 1},
      {"retained during the loan", [](auto&) {}, [&](auto& pool) { pool.Retain({addr}); }, 1},
      {"retired during the loan", [](auto&) {}, [](auto& pool) { pool.Retain({}); }, 0},
      {"taken by an old table", [](auto& pool) { pool.Retain({}); }, [](auto&) {}, 0},
  };
  for (const auto& row : kRows) {
    const std::string what = row.what;
    CAPTURE(what);
    ConnectionPool pool(Trusting());
    row.before(pool);
    {
      const auto lease = pool.Take(server.location());
      REQUIRE(lease.has_value());
      row.during(pool);
    }
    CHECK(pool.Take(server.location()).has_value());
    CHECK(pool.counters().reused == row.reused);
  }
}

TEST_CASE("retain: an address that returns is pooled again") {
  const Listener server;
  ConnectionPool pool(Trusting());
  pool.Retain({});
  CHECK(pool.Take(server.location()).has_value());
  pool.Retain({server.location().addr});
  CHECK(pool.Take(server.location()).has_value());
  CHECK(pool.Take(server.location()).has_value());
  CHECK(pool.counters().reused == 1);
}

TEST_CASE("give back: in the middle of a reply") {
  const Listener server;
  const struct {
    const char* bytes;
    std::uint64_t reused;
  } kRows[] = {{"+PONG\r\n", 1}, {"*2\r\n$1\r\na\r\n", 0}, {"*1\r\n", 0}, {"$5\r\nab", 0}};
  for (const auto& row : kRows) {
    const std::string bytes = row.bytes;
    CAPTURE(bytes);
    ConnectionPool pool(Trusting());
    {
      const auto lease = pool.Take(server.location());
      REQUIRE(lease.has_value());
      redisReader* reader = lease->get()->reader;
      REQUIRE(redisReaderFeed(reader, bytes.data(), bytes.size()) == REDIS_OK);
      void* reply = nullptr;
      REQUIRE(redisReaderGetReply(reader, &reply) == REDIS_OK);
      CHECK((reply != nullptr) == (row.reused == 1));
      if (reply != nullptr) freeReplyObject(reply);
    }
    CHECK(pool.Take(server.location()).has_value());
    CHECK(pool.counters().reused == row.reused);
  }
}

// Answers one connection after another, each command with the result of `reply`.
class OldServer {
 public:
  using ReplyFunction = std::function<std::string(const std::string& command)>;
  // Writes received commands into `heard`, which may be read when the server is gone.
  // "QUIT" ends it.
  OldServer(const Listener& listener, ReplyFunction reply, std::vector<std::string>& heard)
      : reply_(std::move(reply)), heard_(heard), thread_([this, &listener] { Run(listener); }) {}
  ~OldServer() { thread_.join(); }

 private:
  void Run(const Listener& listener) {
    while (true) {
      const UniqueFd peer = listener.Accept();
      std::string bytes;
      char read[256];
      for (ssize_t n = 0; (n = ::recv(peer.get(), read, sizeof(read), 0)) > 0;) {
        bytes.append(read, static_cast<std::size_t>(n));
        while (!bytes.empty()) {
          // Commands come whole here: "*N", then N times "$length" and a word.
          std::istringstream lines(bytes);
          std::string line;
          std::getline(lines, line);
          std::string command;
          for (int words = std::stoi(line.substr(1)); words > 0; --words) {
            std::getline(lines, line);
            std::getline(lines, line);
            command += (command.empty() ? "" : " ") + line.substr(0, line.size() - 1);
          }
          bytes.erase(0, static_cast<std::size_t>(lines.tellg()));
          heard_.push_back(command);
          if (command == "QUIT") return;
          const std::string answer = reply_(command) + "\r\n";
          static_cast<void>(::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
        }
      }
    }
  }

  const ReplyFunction reply_;
  std::vector<std::string>& heard_;
  std::thread thread_;  // last: it uses the others
};

void Ask(const Lease& lease, const char* command) {
  freeReplyObject(redisCommand(lease.get(), command));
}

TEST_CASE("give back: a server that does not know RESET is cleared by parts") {
  const Listener listener;
  std::vector<std::string> heard;
  {
    bool in_multi = false;
    const OldServer server(
        listener,
        [&](const std::string& command) -> std::string {
          if (command == "RESET") return "-ERR unknown command `RESET`, with args beginning with: ";
          if (command == "MULTI") in_multi = true;
          if (in_multi && command != "MULTI") return "+QUEUED";
          return "+OK";
        },
        heard);
    PoolOptions options;
    options.password = "pass";
    options.command_timeout = std::chrono::seconds(20);
    ConnectionPool pool(options);
    Ask(*pool.Take(listener.location()), "SET a b");
    Ask(*pool.Take(listener.location()), "SET a c");  // it was closed, and the server is known now
    Ask(*pool.Take(listener.location()), "SET a d");  // the same connection again
    CHECK(pool.counters().opened == 2);
    CHECK(pool.counters().reused == 1);
    Ask(*pool.Take(listener.location()), "MULTI");
    Ask(*pool.Take(listener.location()), "QUIT");
    CHECK(pool.counters().opened == 3);  // not the one with the open MULTI
    CHECK(pool.counters().reused == 2);
  }
  const std::vector<std::string> expected = {
      "AUTH pass", "SET a b", "RESET",    "AUTH pass",  // refused
      "AUTH pass", "SET a c", "UNWATCH",  "SELECT 0",        "CLIENT SETNAME ", "AUTH pass",
      "SET a d",   "UNWATCH", "SELECT 0", "CLIENT SETNAME ", "AUTH pass"};
  REQUIRE(heard.size() >= expected.size());
  heard.resize(expected.size());
  CHECK(heard == expected);
}

}  // namespace
}  // namespace zkcluster::connection_pool_test
