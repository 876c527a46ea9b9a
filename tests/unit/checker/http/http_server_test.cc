#include "checker/http/http_server.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "checker/http/listener.h"
#include "tests/support/sockets.h"
#include "tools/sandbox/process.h"

namespace http_server_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

HttpPages OnePage() {
  return {{"/x", [](const HttpRequest&) { return HttpAnswer{}; }}};
}

void Ask(const UniqueFd& fd, const std::string& path, bool last = true) {
  const std::string request =
      "GET " + path + " HTTP/1.1\r\n" + (last ? "Connection: close\r\n" : "") + "\r\n";
  REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
}

int CountDescriptors() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
  return count;
}

// Adds the bytes received so far to `answer`; true at the end.
bool Ended(const UniqueFd& fd, std::string& answer) {
  for (char buffer[1024];;) {
    const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return count == 0;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

TEST_CASE("http: each page by its path, code and type; all others are refused by name") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const HttpPages pages = {
      {"/good",
       [](const HttpRequest&) {
         return HttpAnswer{200, "application/json", "{}"};
       }},
      {"/bad",
       [](const HttpRequest&) {
         return HttpAnswer{503, "text/plain; charset=utf-8", "no\n"};
       }},
      {"/below/",
       [](const HttpRequest& request) {
         return HttpAnswer{201, "text/html", request.path + "|" + request.query};
       }},
  };
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, pages);
  REQUIRE(server);
  const auto get = [&](const std::string& path) {
    const UniqueFd fd = Connect(port);
    Ask(fd, path);
    std::string answer;
    REQUIRE(loop.RunUntil([&] { return Ended(fd, answer); }, 20s));
    return answer;
  };
  CHECK(get("/good").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(get("/good").find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(get("/good").ends_with("\r\n\r\n{}"));
  CHECK(get("/bad").starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(get("/good/x").starts_with("HTTP/1.1 404 "));
  CHECK(get("/good?a=b").starts_with("HTTP/1.1 200 "));
  CHECK(get("/go%6Fd").starts_with("HTTP/1.1 200 "));
  CHECK(get("/below/a%20b/c?d=%2F&e").starts_with("HTTP/1.1 201 Created\r\n"));
  CHECK(get("/below/a%20b/c?d=%2F&e").ends_with("\r\n\r\n/below/a b/c|d=%2F&e"));
  CHECK(get("/below").starts_with("HTTP/1.1 404 "));
  CHECK(get("/").ends_with("There is only /bad /below/ /good.\n"));
}

TEST_CASE("http: silent clients that hold all connections make room for one that asks") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, OnePage());
  REQUIRE(server);
  const int before = CountDescriptors();
  std::vector<UniqueFd> crowd;
  for (std::size_t i = 0; i < Listener::kMaxConnections + 20; ++i) crowd.push_back(Connect(port));
  // Both ends of accepted connections, and this end of the others. Connections that have only just
  // come are kept.
  const auto both = static_cast<int>(crowd.size() + Listener::kMaxConnections);
  int most = 0;
  CHECK(loop.RunUntil([&] { return (most = CountDescriptors() - before) == both; }, 20s));
  Ask(crowd.back(), "/x");
  std::string answer;
  CHECK(loop.RunUntil(
      [&] {
        most = std::max(most, CountDescriptors() - before);
        return Ended(crowd.back(), answer);
      },
      20s));
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(most <= both + 1);  // one that makes room is closed in the turn after
  crowd.clear();
  CHECK(loop.RunUntil([&] { return CountDescriptors() == before; }, 20s));
}

TEST_CASE("http: a crowd that drips its requests keeps no scrape out") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, OnePage());
  REQUIRE(server);
  std::vector<UniqueFd> crowd;
  for (std::size_t i = 0; i < Listener::kMaxConnections; ++i) crowd.push_back(Connect(port));
  const UniqueFd scrape = Connect(port);
  Ask(scrape, "/x");
  std::string answer;
  CHECK(loop.RunUntil(
      [&] {
        for (const UniqueFd& fd : crowd) (void)::send(fd.get(), "G", 1, MSG_NOSIGNAL);
        return Ended(scrape, answer);
      },
      20s));
  CHECK(answer.starts_with("HTTP/1.1 200 "));
}

TEST_CASE("http: a crowd that asks without end keeps no scrape out") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, OnePage());
  REQUIRE(server);
  // Each always has the beginning of its next request under way, and comes back when sent away.
  const std::string request = "GET /x HTTP/1.1\r\n\r\n";
  const auto ask = [&](const UniqueFd& fd, const std::string& text) {
    return ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0;
  };
  std::vector<UniqueFd> crowd(Listener::kMaxConnections);
  std::vector<std::string> answers(crowd.size());
  const auto come = [&](std::size_t i) {
    crowd[i] = Connect(port);
    REQUIRE(ask(crowd[i], request + request.substr(0, 5)));
  };
  for (std::size_t i = 0; i < crowd.size(); ++i) come(i);
  const UniqueFd scrape = Connect(port);
  Ask(scrape, "/x");
  std::string answer;
  CHECK(loop.RunUntil(
      [&] {
        for (std::size_t i = 0; i < crowd.size(); ++i) {
          if (Ended(crowd[i], answers[i])) come(i);
          if (!answers[i].ends_with("\r\n\r\n")) continue;
          answers[i].clear();
          (void)ask(crowd[i], request.substr(5) + request.substr(0, 5));
        }
        return Ended(scrape, answer);
      },
      20s));
  CHECK(answer.starts_with("HTTP/1.1 200 "));
}

TEST_CASE("http: a request or an answer that drips for too long ends") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const HttpPages pages = {
      {"/x", [](const HttpRequest&) { return HttpAnswer{}; }},
      {"/long",
       [](const HttpRequest&) {
         return HttpAnswer{200, "text/plain", std::string(50'000'000, 'x')};
       }},
  };
  HttpLimits limits;
  limits.request = 1s;
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, pages, limits);
  REQUIRE(server);
  const int before = CountDescriptors();
  const UniqueFd fd = Connect(port);
  REQUIRE(loop.RunUntil([&] { return CountDescriptors() == before + 2; }, 20s));
  const auto drips = [&](const auto& drip) {
    return loop.RunUntil(
        [&] {
          drip();
          return CountDescriptors() == before + 1;
        },
        20s);
  };
  const auto send_one = [&] { (void)::send(fd.get(), "G", 1, MSG_NOSIGNAL); };

  SUBCASE("the first request of a connection") {
    CHECK(drips(send_one));
  }
  SUBCASE("a further one; being idle is no request") {
    Ask(fd, "/x", false);
    std::string answer;
    REQUIRE(loop.RunUntil(
        [&] {
          CHECK_FALSE(Ended(fd, answer));
          return answer.ends_with("\r\n\r\n");
        },
        20s));
    CHECK_FALSE(loop.RunUntil([&] { return CountDescriptors() == before + 1; }, 2500ms));
    CHECK(drips(send_one));
  }
  SUBCASE("an answer that is taken byte by byte") {
    Ask(fd, "/long", false);
    char byte = 0;
    CHECK(drips([&] { (void)::recv(fd.get(), &byte, 1, 0); }));
    CHECK(byte != 0);  // it had begun
  }
}

TEST_CASE("http: thousands of short connections, and one that is kept") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, OnePage());
  REQUIRE(server);
  const UniqueFd kept = Connect(port);
  int answered = 0;
  for (int i = 0; i < 2000; ++i) {
    const UniqueFd fd = Connect(port);
    Ask(fd, "/x");
    std::string answer;
    REQUIRE(loop.RunUntil([&] { return Ended(fd, answer); }, 20s));
    answered += answer.starts_with("HTTP/1.1 200 ") ? 1 : 0;
  }
  CHECK(answered == 2000);
  std::string answer;
  for (int i = 1; i <= 3; ++i) {
    Ask(kept, "/x", false);
    CHECK(loop.RunUntil(
        [&] {
          CHECK_FALSE(Ended(kept, answer));
          return answer.find("200 OK") != std::string::npos && answer.ends_with("\r\n\r\n");
        },
        20s));
    answer.clear();
  }
}

TEST_CASE("http: an address that is taken or not ours is an error that names it") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const HttpPages pages = OnePage();
  const auto first = HttpServer::Listen(loop, {"127.0.0.1", port}, pages);
  REQUIRE_MESSAGE(first, first.error().message);
  const auto second = HttpServer::Listen(loop, {"127.0.0.1", port}, pages);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kUnavailable);
  CHECK(second.error().message ==
        "cannot listen at 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  CHECK_FALSE(HttpServer::Listen(loop, {"192.0.2.1", port}, pages));
}

TEST_CASE("http: without descriptors it waits for some, instead of making the loop spin") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const HttpPages pages = {{"/metrics", [](const HttpRequest&) {
                              HttpAnswer answer;
                              answer.body = "here\n";
                              return answer;
                            }}};
  const auto server = HttpServer::Listen(loop, {"127.0.0.1", port}, pages);
  REQUIRE(server);
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(port);

  int turns = 0;
  const auto turn = [&](Duration limit) {
    const auto count = [&turns] {
      ++turns;
      return false;
    };
    (void)loop.RunUntil(count, limit);
  };
  // UBSan checks each vtable once, through a pipe: let it do so while there are descriptors.
  turn(std::chrono::milliseconds(1));
  turns = 0;

  // The next descriptor would be above the limit. Assert only after the limit is restored.
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

}  // namespace http_server_test
