// The limits hold for any protocol: here one that answers each line by the same line.
#include "checker/http/listener.h"

#include <doctest/doctest.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "tests/support/sockets.h"
#include "tools/sandbox/process.h"

namespace listener_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

class EchoServer {
 public:
  EchoServer(EventLoop& loop, std::uint16_t port, Duration request) {
    auto bound = Listener::Bind(loop, {"127.0.0.1", port}, request);
    REQUIRE(bound);
    listener_ = *std::move(bound);
    listener_->Accept([this](bufferevent* stream) {
      ++accepted_;
      streams_.insert(stream);
      bufferevent_setcb(stream, &EchoServer::OnRead, nullptr, &EchoServer::OnEvent, this);
      bufferevent_enable(stream, EV_READ | EV_WRITE);
    });
  }
  ~EchoServer() {
    for (bufferevent* const stream : streams_) bufferevent_free(stream);
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  [[nodiscard]] int accepted() const { return accepted_; }
  [[nodiscard]] int timeouts() const { return timeouts_; }

 private:
  static void OnRead(bufferevent* stream, void* self) {
    char* const line = evbuffer_readln(bufferevent_get_input(stream), nullptr, EVBUFFER_EOL_LF);
    if (line == nullptr) return;
    const std::string answer = std::string(line) + "\n";
    std::free(line);
    bufferevent_write(stream, answer.data(), answer.size());
    static_cast<EchoServer*>(self)->listener_->NoteAnswered(stream);
  }
  static void OnEvent(bufferevent* stream, short what, void* self) {
    if ((what & BEV_EVENT_TIMEOUT) != 0) ++static_cast<EchoServer*>(self)->timeouts_;
    static_cast<EchoServer*>(self)->streams_.erase(stream);
    bufferevent_setcb(stream, nullptr, nullptr, nullptr, nullptr);
    bufferevent_free(stream);
  }

  std::unique_ptr<Listener> listener_;
  std::set<bufferevent*> streams_;  // this protocol's to free
  int accepted_ = 0;
  int timeouts_ = 0;
};

void Say(const UniqueFd& fd, const std::string& text) {
  (void)::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

// Adds the bytes received so far to `answer`; true when the other side has closed.
bool Ended(const UniqueFd& fd, std::string& answer) {
  for (char buffer[256];;) {
    const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return count == 0 || errno == ECONNRESET;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

TEST_CASE("listener: silent connections make room, with any protocol") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const EchoServer server(loop, port, 30s);
  std::vector<UniqueFd> crowd;
  for (std::size_t i = 0; i < Listener::kMaxConnections + 5; ++i) crowd.push_back(Connect(port));
  CHECK(loop.RunUntil(
      [&] { return server.accepted() == static_cast<int>(Listener::kMaxConnections); }, 20s));
  CHECK(server.timeouts() == 0);  // they have only just come
  Say(crowd.back(), "hello\n");
  std::string answer;
  CHECK(loop.RunUntil([&] { return !Ended(crowd.back(), answer) && answer == "hello\n"; }, 20s));
  CHECK(server.timeouts() > 0);
}

TEST_CASE("listener: a request that drips for too long ends; an idle connection does not") {
  EventLoop loop;
  const std::uint16_t port = sandbox::FreePort();
  const EchoServer server(loop, port, 1s);
  const UniqueFd idle = Connect(port);
  Say(idle, "a\n");
  const UniqueFd dripping = Connect(port);
  std::string dripped;
  CHECK(loop.RunUntil(
      [&] {
        Say(dripping, "x");
        return Ended(dripping, dripped);
      },
      20s));
  CHECK(dripped.empty());
  CHECK(server.timeouts() == 1);
  std::string answer;
  CHECK_FALSE(Ended(idle, answer));
  Say(idle, "b\n");
  CHECK(loop.RunUntil([&] { return !Ended(idle, answer) && answer == "a\nb\n"; }, 20s));
}

TEST_CASE("listener: an address that cannot be bound is an error that names it") {
  EventLoop loop;
  const auto bound = Listener::Bind(loop, {"not an address", 1}, 1s);
  REQUIRE_FALSE(bound);
  CHECK(bound.error().code == ErrorCode::kUnavailable);
  CHECK(bound.error().message.starts_with("cannot listen at not an address:1: "));
}

}  // namespace listener_test
