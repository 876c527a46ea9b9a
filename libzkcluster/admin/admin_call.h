// One call of ClusterAdmin: waits for a session, runs, and runs again after answers that mean
// nothing (no session, connection broken). It belongs to its editor and is gone once it has
// answered. Loop-bound; private to ClusterAdmin and its calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/cluster_admin.h"
#include "base/backoff.h"
#include "follow/spec_read.h"
#include "model/paths.h"

namespace zkcluster {

class ClusterAdmin::Call : public std::enable_shared_from_this<Call> {
 public:
  explicit Call(ClusterAdmin& editor)
      : loop_(editor.loop_),
        client_(editor.client_),
        root_(editor.root_),
        editor_(editor),
        backoff_(std::chrono::milliseconds(20), std::chrono::seconds(1)) {}
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void Start();
  // Answers now: either nothing was changed, or the outcome is unknown.
  void Abandon() { Refuse(AbandonError()); }

 protected:
  // Starts from the top, or continues after the last meaningful answer. REQUIRES: connected.
  virtual void Run() = 0;
  // Answers with an error. This is the last thing a call does: the answer may destroy the editor.
  virtual void Refuse(Error error) = 0;

  // Nothing was learned: calls Run after a pause, once there is a session.
  void RunAgain() { RunAgainAfter(backoff_.Next(loop_.Random())); }
  // Somebody else was quicker: calls Run again soon. False after too many conflicts in a row:
  // each means a change within one round trip, so fifty mean that somebody writes faster than
  // we can read.
  [[nodiscard]] bool RunAgainAfterConflict();

  // The call may have been abandoned before the answer comes.
  template <class F>
  [[nodiscard]] auto Guard(F callback) {
    return [weak = weak_from_this(), callback = std::move(callback)](auto&&... args) mutable {
      if (const auto self = weak.lock()) {
        if (!self->finished_) callback(std::forward<decltype(args)>(args)...);
      }
    };
  }

  // Creates the missing parts of the root path, then calls `next`.
  void MakeRoot(std::function<void()> next) { MakeRootFrom(1, std::move(next)); }

  // Reads the three znodes of the spec. `next` gets them unless they cannot be read: then this call
  // runs again, or refuses.
  void ReadSpec(const ClusterPaths& paths, std::function<void(const RawSpec&)> next);

  // Sends a change. `answered` gets success, or an error that is about the request itself. When the
  // answer is lost, or there is no session, this call runs again instead; in the first case it
  // finds lost_ set and has to find out what became of the change.
  void Send(std::vector<zk::Op> ops,
            std::function<void(const Result<void, zk::OpError>&)> answered);

  // Takes this call from its editor and returns it, to be kept until it has answered.
  [[nodiscard]] std::shared_ptr<Call> Leave();

  Loop& loop_;
  zk::Client& client_;
  const std::string root_;
  bool lost_ = false;  // the answer to a change was lost at least once
  Micros stamp_{0};    // the server's, of the last set of the last change that was answered

 private:
  void Resume();
  void MakeRootFrom(std::size_t from, std::function<void()> next);
  void RunAgainAfter(Duration delay) { timer_->Arm(delay); }
  [[nodiscard]] Error AbandonError() const;

  ClusterAdmin& editor_;
  Backoff backoff_;
  int conflicts_ = 0;
  bool in_doubt_ = false;  // a change was sent and its answer has not come, or was lost
  bool waiting_ = false;
  bool finished_ = false;
  std::unique_ptr<Timer> timer_;
  Subscription session_;
};

// A call that answers with a T.
template <class T>
class ClusterAdmin::CallFor : public ClusterAdmin::Call {
 protected:
  CallFor(ClusterAdmin& editor, Done<T> done) : Call(editor), done_(std::move(done)) {}

  // Answers. This is the last thing a call does: the answer may destroy the editor.
  void End(Result<T> result) {
    const auto self = Leave();
    done_(std::move(result));
  }
  void Refuse(Error error) final { End(Fail(std::move(error))); }

 private:
  const Done<T> done_;
};

// Deletes everything below a cluster's znode and the znode itself, in one multi, guarded by the
// data version of the latter. What lives below comes and goes meanwhile (ballots, candidates,
// events): then the server refuses, and the tree is listed again.
class ClusterAdmin::DeleteCall final : public ClusterAdmin::CallFor<void> {
 public:
  DeleteCall(ClusterAdmin& editor, const std::string& name, std::uint64_t version, Done<void> done);

 private:
  void Run() override;
  void Judge(Result<zk::Node> base);
  void List();
  void ListMore();
  void Listed(const std::string& path, Result<std::vector<std::string>> names);
  void Write();

  ClusterPaths paths_;
  std::uint64_t version_;
  std::optional<zk::Stat> victim_;  // the cluster's znode when the guard was checked
  std::vector<std::string> tree_;   // parents before their children
  std::vector<std::string> to_list_;
  std::size_t next_ = 0;     // of to_list_
  std::size_t listing_ = 0;  // under way
  std::uint64_t round_ = 0;
};

}  // namespace zkcluster
