// The effect of a borrower on a connection for the next borrower, on a real Redis server.
#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <csignal>

#include "client/connection_pool.h"
#include "tests/support/site.h"

namespace zkcluster::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

// The reply as text; an error or a broken connection in brackets.
std::string Say(const Lease& lease, const std::string& command) {
  const Reply reply(static_cast<redisReply*>(redisCommand(lease.get(), command.c_str())),
                    &freeReplyObject);
  if (!reply) return "[" + std::string(lease.get()->errstr) + "]";
  std::string text =
      reply->str == nullptr ? "" : std::string(reply->str, static_cast<std::size_t>(reply->len));
  if (reply->type == REDIS_REPLY_INTEGER) text = std::to_string(reply->integer);
  return reply->type == REDIS_REPLY_ERROR ? "[" + text + "]" : text;
}

// Sent, and no reply waited for.
void Send(const Lease& lease, const std::string& command) {
  REQUIRE(redisAppendCommand(lease.get(), command.c_str()) == REDIS_OK);
  int written = 0;
  while (written == 0) REQUIRE(redisBufferWrite(lease.get(), &written) == REDIS_OK);
}

// The state of a connection that a borrower can read: "db=0 name= user=default multi=-1
// sub=0 psub=0 ..."
std::string StateOf(const Lease& lease) {
  const std::string info = Say(lease, "CLIENT INFO");
  std::string state;
  for (const std::string field : {"name=", "flags=", "db=", "sub=", "psub=", "multi=", "user="}) {
    const std::size_t start = info.find(" " + field);
    state +=
        start == std::string::npos ? "?" : info.substr(start, info.find(' ', start + 1) - start);
  }
  return state;
}

struct Pool {
  explicit Pool(sandbox::RedisServer& server, PoolOptions options = {}) : pool(Patient(options)) {
    where.owner = "s1";
    where.serving = "s1";
    where.addr = server.address();
  }
  static PoolOptions Patient(PoolOptions options) {
    options.connect_timeout = seconds(20);
    return options;
  }
  Lease Take() {
    auto lease = pool.Take(where);
    REQUIRE_MESSAGE(lease.has_value(), lease.error().message);
    return *std::move(lease);
  }
  // Of two leases, the second gets what the first has left.
  struct Left {
    std::string state;
    std::string answer;
    bool same_connection;
    Duration timeout;
  };
  Left After(const std::function<void(const Lease&)>& disturb) {
    const std::uint64_t before = pool.counters().reused;
    {
      const Lease first = Take();
      disturb(first);
    }
    const Lease second = Take();
    timeval limit{};
    socklen_t length = sizeof(limit);
    getsockopt(second.get()->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &length);
    return {StateOf(second), Say(second, "ECHO mine"), pool.counters().reused == before + 1,
            seconds(limit.tv_sec) + std::chrono::microseconds(limit.tv_usec)};
  }

  ConnectionPool pool;
  Location where;
};

TEST_CASE("lease: after anything a borrower does, the next one finds it as after connecting") {
  std::signal(SIGPIPE, SIG_IGN);
  const struct Row {
    const char* what;
    std::function<void(const Lease&)> disturb;
    bool kept;  // the same connection is lent again
  } kRows[] = {
      {"reads", [](auto& l) { CHECK(Say(l, "GET a").empty()); }, true},
      {"counts", [](auto& l) { CHECK(Say(l, "INCR n") != ""); }, true},
      {"writes", [](auto& l) { CHECK(Say(l, "SET a b") == "OK"); }, true},
      {"does nothing", [](auto&) {}, true},
      {"an error", [](auto& l) { CHECK(Say(l, "INCR a").front() == '['); }, true},
      {"another database", [](auto& l) { CHECK(Say(l, "SELECT 5") == "OK"); }, true},
      {"an open MULTI",
       [](auto& l) {
         CHECK(Say(l, "MULTI") == "OK");
         CHECK(Say(l, "SET a c") == "QUEUED");
       },
       true},
      {"a WATCH", [](auto& l) { CHECK(Say(l, "WATCH a") == "OK"); }, true},
      {"a name", [](auto& l) { CHECK(Say(l, "CLIENT SETNAME me") == "OK"); }, true},
      {"another user", [](auto& l) { CHECK(Say(l, "AUTH app knock") == "OK"); }, true},
      {"no replies any more", [](auto& l) { Send(l, "CLIENT REPLY OFF"); }, true},
      {"a subscription", [](auto& l) { Say(l, "SUBSCRIBE news"); }, false},
      {"a pattern", [](auto& l) { Say(l, "PSUBSCRIBE n*"); }, false},
      {"MONITOR", [](auto& l) { CHECK(Say(l, "MONITOR") == "OK"); }, true},
      {"an unread reply", [](auto& l) { Send(l, "BLPOP none 0"); }, false},
      {"an unsent command",
       [](auto& l) { CHECK(redisAppendCommand(l.get(), "SELECT 3") == REDIS_OK); }, false},
      {"a socket timeout",
       [](auto& l) {
         CHECK(redisSetTimeout(l.get(), timeval{7, 0}) == REDIS_OK);
         CHECK(Say(l, "GET x").empty());
       },
       true},
  };
  for (const std::string password : {"", "open sesame"}) {
    for (const LeaseReset reset : {LeaseReset::kWhenNeeded, LeaseReset::kAlways}) {
      sandbox::RedisServer server(
          {.password = password, .config = {"user app on >knock ~* +@all"}});
      for (const Row& row : kRows) {
        const std::string what = row.what;
        CAPTURE(what);
        CAPTURE(password);
        PoolOptions options;
        options.password = password;
        options.reset = reset;
        Pool pool(server, options);
        const std::string fresh = StateOf(pool.Take());
        CHECK(fresh.find("user=default") != std::string::npos);
        pool.pool.Retain({});
        pool.pool.Retain({pool.where.addr});
        const auto left = pool.After(row.disturb);
        CHECK(left.state == fresh);
        CHECK(left.answer == "mine");
        CHECK(left.timeout == seconds(1));
        CHECK(left.same_connection == row.kept);
      }
    }
  }
}

TEST_CASE("lease: what leaves no trace is cleared where every lease is reset") {
  sandbox::RedisServer server;
  PoolOptions options;
  options.reset = LeaseReset::kAlways;
  Pool pool(server, options);
  const auto left = pool.After([](const Lease& lease) {
    CHECK(Say(lease, "PING") == "PONG");
    Send(lease, "CLIENT REPLY OFF");
  });
  CHECK(left.answer == "mine");
  CHECK(left.same_connection);
}

TEST_CASE("lease: a server that hangs after a reset is waited for once, not at each connection") {
  sandbox::RedisServer server;
  PoolOptions options;
  options.command_timeout = milliseconds(300);
  Pool pool(server, options);
  {
    std::vector<Lease> leases;
    for (int i = 0; i < 8; ++i) leases.push_back(pool.Take());
    server.Pause();
  }  // eight resets are under way
  const auto began = std::chrono::steady_clock::now();
  {
    auto lease = pool.pool.Take(pool.where);  // the kernel accepts for the server
    REQUIRE(lease.has_value());
  }
  CHECK(std::chrono::steady_clock::now() - began < 8 * options.command_timeout);
  CHECK(pool.pool.counters().reused == 0);
  server.Resume();
}

}  // namespace
}  // namespace zkcluster::integration
