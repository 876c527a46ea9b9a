// Finds the ready ones among many connections: a separate epoll beneath the loop's, in which a
// connection is only a number (the loop's own events would cost 200 bytes more for each, and three
// cache misses per probe). Adapter of epoll. Loop-bound.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "base/unique_fd.h"

struct event;

namespace zkcluster {

class ReadySet {
 public:
  // `what`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. REQUIRES: it does not destroy the set.
  using OnReady = std::function<void(std::uint64_t key, std::uint32_t what)>;

  // Aborts when the kernel gives no descriptor.
  ReadySet(EventLoop& loop, OnReady on_ready);
  ~ReadySet();
  ReadySet(const ReadySet&) = delete;
  ReadySet& operator=(const ReadySet&) = delete;

  // Level-triggered. Returns 0 or errno. A descriptor leaves the set when it is closed. When that
  // happens within `on_ready`, an event that the kernel noted before may still follow: give each
  // connection a key of its own.
  [[nodiscard]] int Add(int fd, std::uint64_t key, std::uint32_t events);
  [[nodiscard]] int Change(int fd, std::uint64_t key, std::uint32_t events);

  // Calls `on_ready` for all that are ready now, two thousand at most.
  // The loop does so in each turn in which any is.
  void Poll();

 private:
  struct EventFree {
    void operator()(event* e) const;
  };

  const OnReady on_ready_;
  UniqueFd epoll_;
  std::unique_ptr<event, EventFree> wake_;
};

}  // namespace zkcluster
