// A thread with an EventLoop and a session with the ensemble: what Cluster and Manager are built
// on. `started` and `stopping` run on that thread: the first once the client exists, the second
// before it closes. The conductors made in between live and die there. Thread-safe: Post. The rest
// belongs to the owner.
//
// A forked child has no such thread, but shares the loop's epoll set with its parent: whatever it
// took out of it would be gone for the parent too. There the owner calls nothing but is_foreign,
// and leaks this object with all that was made in its hooks.
#pragma once

#include <sys/types.h>

#include <zkcluster/result.h>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "zk/native_client.h"

namespace zkcluster {

class ClientThread {
 public:
  struct Hooks {
    std::function<void(EventLoop&, zk::Client&)> started;
    std::function<void()> stopping;
  };

  ClientThread(zk::NativeClientOptions options, Hooks hooks);
  // Closes the session in good order (2 s at most) and waits for the thread.
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  // Errors: kUnavailable when the system gives no thread, or too few descriptors.
  [[nodiscard]] Result<void> Start();
  // REQUIRES: Start succeeded.
  void Post(std::function<void()> task) { loop_->Post(std::move(task)); }

  // Started by another process: this one is a fork of it.
  [[nodiscard]] bool is_foreign() const;

 private:
  void Run() noexcept;

  const zk::NativeClientOptions options_;
  Hooks hooks_;
  pid_t started_by_ = -1;
  std::unique_ptr<EventLoop> loop_;
  std::shared_ptr<Logger> logger_ = NullLogger();  // a library does not log
  std::unique_ptr<zk::Client> client_;
  std::thread thread_;
};

}  // namespace zkcluster
