// One call of SpecEditor: waits for a session, runs, and runs again after answers that mean nothing
// (no session, connection broken). It belongs to its editor and is gone once it has answered.
// Loop-bound; private to spec_editor.cc and delete_call.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <cstdint>
#include <optional>
#include "base/backoff.h"

#include "client/spec_editor.h"
#include "model/paths.h"

namespace zkcluster {

class SpecEditor::Call : public std::enable_shared_from_this<Call> {
 public:
  explicit Call(SpecEditor& editor)
      : loop_(editor.loop_),
        client_(editor.client_),
        root_(editor.root_),
        editor_(editor),
        backoff_(std::chrono::milliseconds(20), std::chrono::seconds(1)) {}
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void Start();
  virtual void Abandon() = 0;

 protected:
  // From the top, or from where the last answer that meant something left it. REQUIRES: connected.
  virtual void Run() = 0;

  // Nothing was learned: Run once there is a session, not at once.
  void RunAgain() { RunAgainAfter(backoff_.Next(loop_.Random())); }
  void RunAgainAfter(Duration delay) { timer_->Arm(delay); }

  // The call may have been abandoned before the answer comes.
  template <class F>
  [[nodiscard]] auto Guard(F callback) {
    return [weak = weak_from_this(), callback = std::move(callback)](auto&&... args) mutable {
      if (const auto self = weak.lock()) {
        if (!self->finished_) callback(std::forward<decltype(args)>(args)...);
      }
    };
  }

  // Answers. The last thing a call does: it may destroy the editor.
  template <class T>
  void Finish(const Done<T>& done, Result<T> result) {
    const auto self = Leave();
    const Done<T> copy = done;
    copy(std::move(result));
  }

  // Says nothing about the request itself: another try may succeed.
  [[nodiscard]] static bool IsTransient(const Error& error) {
    return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kUnknownOutcome ||
           error.code == ErrorCode::kSessionLost;
  }
  [[nodiscard]] Error AbandonError() const;

  Loop& loop_;
  zk::Client& client_;
  const std::string root_;
  bool in_doubt_ = false;  // a change was sent and its answer has not come, or was lost
  bool lost_ = false;      // the answer to a change was lost at least once

 private:
  void Resume();
  std::shared_ptr<Call> Leave();

  SpecEditor& editor_;
  Backoff backoff_;
  bool waiting_ = false;
  bool finished_ = false;
  std::unique_ptr<Timer> timer_;
  Subscription session_;
};

// Deletes everything below a cluster's znode and the znode itself, in one multi, guarded by the
// data version of the latter. What lives below comes and goes meanwhile (ballots, candidates,
// events): then the server refuses, and the tree is listed again.
class SpecEditor::DeleteCall final : public SpecEditor::Call {
 public:
  DeleteCall(SpecEditor& editor, const std::string& name, std::uint64_t version,
             Done<std::monostate> done);
  void Abandon() override;

 private:
  void Run() override;
  void Judge(Result<zk::Node> base);
  void List();
  void ListMore();
  void Listed(const std::string& path, Result<std::vector<std::string>> names);
  void Write();
  void Written(const Result<std::vector<zk::OpResult>>& result);
  void End(Result<std::monostate> result) { Finish(done_, std::move(result)); }

  ClusterPaths paths_;
  std::uint64_t version_;
  Done<std::monostate> done_;
  std::optional<zk::Stat> victim_;  // the cluster's znode when the guard was judged
  std::vector<std::string> tree_;   // parents before their children
  std::vector<std::string> to_list_;
  std::size_t next_ = 0;     // of to_list_
  std::size_t listing_ = 0;  // under way
  std::uint64_t round_ = 0;
  int tries_ = 0;
};

}  // namespace zkcluster
