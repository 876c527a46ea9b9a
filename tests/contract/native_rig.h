// Native clients on one loop, with what they log, and calls that wait for answers. Used from the
// main thread only.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "zk/native_client.h"

namespace zkcluster::contract {

struct Rig {
  EventLoop loop;
  std::vector<std::string> lines;
  std::shared_ptr<Logger> logger = NewSinkLogger(
      LogLevel::kInfo, [this](LogLevel, const std::string& line) { lines.push_back(line); });

  std::unique_ptr<zk::Client> Client(std::vector<std::string> servers,
                                     Duration timeout = std::chrono::seconds(2),
                                     Duration connect_timeout = std::chrono::milliseconds(300)) {
    return zk::NewNativeClient(loop, *logger, {std::move(servers), timeout, connect_timeout});
  }
  bool Await(const std::function<bool()>& done, Duration limit = std::chrono::seconds(30)) {
    return loop.RunUntil(done, limit);
  }
  bool AwaitState(const zk::Client& client, SessionState state) {
    return Await([&] { return client.state() == state; });
  }
  void RunFor(Duration duration) {
    static_cast<void>(Await([] { return false; }, duration));
  }

  Result<std::string> CreateEphemeral(zk::Client& client, const std::string& path) {
    std::optional<Result<std::string>> answer;
    client.Create(path, "", zk::CreateMode::kEphemeral,
                  [&](Result<std::string> created) { answer = std::move(created); });
    REQUIRE(Await([&] { return answer.has_value(); }));
    return *answer;
  }
  bool Exists(zk::Client& client, const std::string& path) {
    std::optional<Result<std::optional<zk::Stat>>> answer;
    client.Exists(path, {},
                  [&](Result<std::optional<zk::Stat>> stat) { answer = std::move(stat); });
    REQUIRE(Await([&] { return answer.has_value(); }));
    REQUIRE(answer->has_value());
    return (*answer)->has_value();
  }
};

inline std::string Local(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

// A number as ZooKeeper's protocol writes it, in that many bytes.
inline std::string Number(std::int64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

// A message with its length before it.
inline std::string Framed(const std::string& message) {
  return Number(static_cast<int>(message.size()), 4) + message;
}

// A server's greeting: protocol 0, a timeout of 10 s, session 1, 16 bytes of its password.
inline std::string Greeting() {
  return Framed(Number(0, 4) + Number(10'000, 4) + Number(1, 8) + Number(16, 4) +
                std::string(16, 'p') + '\0');
}

}  // namespace zkcluster::contract
