// A TCP listener, on the loop of the test itself, that answers as the test wants; and commands to a
// real server on loopback. For tests of adapters.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/unique_fd.h"

struct event;

namespace zkcluster::contract {

class RudeServer {
 public:
  struct Manners {
    std::string greeting = {};          // sent on accept
    std::string answer = {};            // sent on each arrival of bytes
    std::size_t chunk = 0;              // 0: at once; else this many bytes at a time
    std::chrono::milliseconds pace{1};  // between chunks
    bool repeat = false;                // the answer, for ever
    bool close = false;                 // after the answer (or the greeting, when there is one)
    bool reset = false;                 // close with RST
  };

  // Port 0: a free one.
  RudeServer(EventLoop& loop, Manners manners, const std::string& host = "127.0.0.1",
             std::uint16_t port = 0);
  ~RudeServer();
  RudeServer(const RudeServer&) = delete;
  RudeServer& operator=(const RudeServer&) = delete;

  [[nodiscard]] std::string addr() const;
  [[nodiscard]] int accepted() const { return accepted_; }  // connections so far
  void SetManners(Manners manners) { manners_ = std::move(manners); }
  void SayToAll(const std::string& text);

 private:
  struct Client;
  static void OnAccept(int fd, short, void* self);
  static void OnClient(int fd, short, void* client);
  void Push(Client& client);
  void End(Client& client);

  EventLoop& loop_;
  Manners manners_;
  const std::string host_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  int accepted_ = 0;
  event* accept_ = nullptr;
  std::map<int, std::unique_ptr<Client>> clients_;
};

// A connection that sent `commands` (RESP arrays) and waits for nothing.
class Say {
 public:
  Say(std::uint16_t port, const std::vector<std::vector<std::string>>& commands);
  // Waits until as many lines of replies have come as commands were sent.
  void AwaitReplies();

 private:
  UniqueFd fd_;
  std::size_t lines_;
};
// Sends them and waits for one line of reply to each.
void SayTo(std::uint16_t port, const std::vector<std::vector<std::string>>& commands);

[[nodiscard]] bool HostHasIpv6();  // ::1

}  // namespace zkcluster::contract
