// A call that waits: posts a question to the client's thread and blocks the caller until it is
// answered. The one way from a blocking API into a loop. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "client/client_thread.h"

namespace zkcluster {

// `start` runs on the thread and answers through the callback it gets, once, at any time, also from
// within. When `limit` has passed, `give_up` runs there and must make the answer come: it knows
// whether a change may have been sent. REQUIRES: thread.CheckWait() succeeds.
template <class T>
[[nodiscard]] Result<T> Ask(
    ClientThread& thread, Duration limit,
    std::function<void(EventLoop&, zk::Client&, std::function<void(Result<T>)>)> start,
    std::function<void()> give_up) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<Result<T>> result;
  };
  const auto answer = std::make_shared<Answer>();
  thread.Post([answer, start = std::move(start)](EventLoop& loop, zk::Client& client) {
    start(loop, client, [answer](Result<T> result) {
      const std::lock_guard lock(answer->mutex);
      answer->result = std::move(result);
      answer->arrived.notify_all();
    });
  });
  std::unique_lock lock(answer->mutex);
  const auto arrived = [&] { return answer->result.has_value(); };
  if (!answer->arrived.wait_for(lock, limit, arrived)) {
    thread.Post([give_up = std::move(give_up)](EventLoop&, zk::Client&) { give_up(); });
    answer->arrived.wait(lock, arrived);
  }
  return std::move(*answer->result);
}

}  // namespace zkcluster
