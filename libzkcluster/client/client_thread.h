// A thread with an EventLoop and a session with the ensemble: what Client, Cluster and Manager
// share. Tasks on this thread create, use and destroy the conductors. It ends with its last
// owner: the session is closed in good order (2 s at most) and the destructor waits for the thread.
// When the last owner is destroyed on the thread itself, the thread ends once the task or callback
// has returned. Thread-safe, except where a line says otherwise.
//
// A forked child has no such thread, but shares the loop's epoll set with its parent: removing
// anything from that set would remove it for the parent, too. In a child an owner calls only
// is_foreign, and leaks its reference.
#pragma once

#include <sys/types.h>

#include <zkcluster/client.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "client/session_facts.h"
#include "zk/native_client.h"

namespace zkcluster {

class ClientThread {
 public:
  using Task = std::function<void(EventLoop&, zk::Client&)>;

  // Errors: kInvalid; kUnavailable when the system gives no thread, or too few descriptors.
  [[nodiscard]] static Result<std::shared_ptr<ClientThread>> Open(const ClientOptions& options);
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  // Runs `task` on the thread in a later turn, in the order of the calls. Tasks posted before the
  // last owner is destroyed are run.
  void Post(Task task);

  // The addresses of `host`, a name, by its TTL or the last good ones; waits for `limit` at most.
  // Empty: none are known. Also on the thread itself.
  [[nodiscard]] std::vector<std::string> AddressesOf(const std::string& host, Duration limit) const;

  [[nodiscard]] bool IsCurrent() const;  // called on the thread itself
  // Another process started the thread: this one is a fork of it.
  [[nodiscard]] bool is_foreign() const;
  // Why the caller cannot wait here for an answer of the ensemble; success: it can. kUnavailable in
  // a forked child, kInvalid on the thread itself. `what` names the caller: "manager".
  [[nodiscard]] Result<void> CheckWait(const char* what) const;

  [[nodiscard]] const std::string& root() const { return root_; }
  // Why its new znodes cannot be restricted to operators and checkers, although the options
  // ask for it.
  [[nodiscard]] const std::optional<Error>& cannot_restrict() const { return cannot_restrict_; }

  // Stays good after the thread has ended.
  [[nodiscard]] const std::shared_ptr<SessionFacts>& facts() const { return facts_; }

 private:
  struct Running;  // what the thread itself keeps alive
  ClientThread(std::string root, std::optional<Error> cannot_restrict);
  [[nodiscard]] Result<void> Start(zk::NativeClientOptions options);

  const std::string root_;
  const std::optional<Error> cannot_restrict_;
  pid_t started_by_ = -1;
  const std::shared_ptr<SessionFacts> facts_ = std::make_shared<SessionFacts>();
  std::shared_ptr<Running> running_;
  std::thread thread_;
};

// Releases `reference`. In a forked child it is leaked instead, so that the parent
// is not disturbed.
void Release(std::shared_ptr<ClientThread> reference);

}  // namespace zkcluster
