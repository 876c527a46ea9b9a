// A TCP proxy for one ZooKeeper client. It understands just enough of the protocol to lose one
// answer and to learn session id and password, and it breaks, mutes and restores connections on
// demand. Runs on the loop of its client.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "base/unique_fd.h"

struct event;

namespace zkcluster::contract {

struct Credentials {
  std::int64_t session_id = 0;
  std::string password;
};

class Proxy {
 public:
  Proxy(EventLoop& loop, std::uint16_t server_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::string address() const;
  // Id and password of the newest session of this proxy.
  [[nodiscard]] const Credentials& credentials() const { return credentials_; }
  // The number of sessions, new or known, that a server has accepted through this proxy.
  [[nodiscard]] int greeted() const { return greeted_; }

  void Break();
  void Mute() {
    MuteToServer();
    MuteToClient();
  }
  // One direction only.
  void MuteToServer() { to_server_muted_ = true; }
  void MuteToClient() { to_client_muted_ = true; }
  void Mend();
  // The answer to the next verb but `after`.
  void LoseAnswer(int after) { lose_after_ = after; }
  // The same for the next create of a path that begins with `prefix`.
  void LoseAnswerToCreate(std::string prefix) { doomed_create_ = std::move(prefix); }
  enum class Cut { kEnd, kReset };
  // The next connection ends when it has sent `bytes` more to its client, also within a packet;
  // packets that are behind these bytes are lost. Its greeting does not count.
  void CutAfter(std::size_t bytes, Cut how) { cut_ = {bytes, how}; }
  // Answers lost so far.
  [[nodiscard]] int lost() const { return lost_; }

 private:
  struct Pair;
  struct EventDeleter {
    void operator()(event* e) const;
  };
  using EventPtr = std::unique_ptr<event, EventDeleter>;

  void Accept();
  // False when the pair is gone.
  bool FromClient(Pair& pair);
  bool FromServer(Pair& pair);
  void Drop(Pair& pair);
  // True when `packet` is beyond the cut: the pair is gone.
  bool CutOff(Pair& pair, const std::string& packet);

  EventLoop& loop_;
  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  EventPtr accept_event_;
  std::list<std::unique_ptr<Pair>> pairs_;
  Credentials credentials_;
  int greeted_ = 0;
  bool broken_ = false;
  bool to_server_muted_ = false;
  bool to_client_muted_ = false;
  std::optional<int> lose_after_;
  std::optional<std::pair<std::size_t, Cut>> cut_;
  std::optional<std::string> doomed_create_;
  int lost_ = 0;
};

// Ends a session from outside, with its id and password: when it returns, the session is over.
void EndSession(std::uint16_t server_port, const Credentials& credentials);

}  // namespace zkcluster::contract
