// A thread with an EventLoop and a session with the ensemble: what Cluster and Manager are built
// on. `started` and `stopping` run on that thread: the first once the client exists, the second
// before it closes. The conductors made in between live and die there. Thread-safe: Post. The rest
// belongs to the owner.
#pragma once

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

  // Errors: kUnavailable when the system gives no thread.
  [[nodiscard]] Result<void> Start();
  void Post(std::function<void()> task) { loop_.Post(std::move(task)); }

 private:
  void Run() noexcept;

  const zk::NativeClientOptions options_;
  Hooks hooks_;
  EventLoop loop_;
  std::shared_ptr<Logger> logger_ = NullLogger();  // a library does not log
  std::unique_ptr<zk::Client> client_;
  std::thread thread_;
};

}  // namespace zkcluster
