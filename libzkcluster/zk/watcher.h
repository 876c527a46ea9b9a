// Follows one znode, or one znode's children, as "the latest state, never each change". NodeWatcher
// reads the data with a watch, calls its owner, and reads again when the watch fires, after the
// session was suspended, and in a new session; failures are retried with backoff. An absent znode
// is a state like any other. ChildrenWatcher does the same for the list of children, and
// StatWatcher only for existence and version, where the data are not needed. Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "zk/client.h"

namespace zkcluster::zk {

// Shared machinery: when to read again. The derived class says how to read.
class Rereader {
 public:
  Rereader(Loop& loop, Client& client, std::string path);
  virtual ~Rereader();
  Rereader(const Rereader&) = delete;
  Rereader& operator=(const Rereader&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // Reads again soon, without a watch event. Cheap to call often: reads do not pile up.
  void Refresh();
  // True while a change may be unread. If false, the value is as new as the newest answer of any
  // read on the session: watch events of earlier changes come before that answer.
  [[nodiscard]] bool has_news() const { return reading_ || retry_->armed(); }

 protected:
  virtual void Read() = 0;  // must end with Succeeded or Failed
  void Succeeded();
  void Failed(const Error& error);
  [[nodiscard]] Watch watch() const { return watch_; }
  // True once after watch events: something happened here since the last value, even if the new
  // value is the same.
  bool TakeFired() { return std::exchange(fired_, false); }

  Client& client_;
  const std::string path_;

 private:
  void OnSession(const SessionEvent& event);
  void StartRead();

  bool reading_ = false;
  bool again_ = false;  // something happened while reading
  bool fired_ = false;  // the watch has, since the last value
  std::shared_ptr<WatchFunction> watch_;
  Backoff backoff_;
  Loop& loop_;
  std::unique_ptr<Timer> retry_;
  Subscription session_;

 protected:
  Lifetime lifetime_;
};

class NodeWatcher final : public Rereader {
 public:
  // `changed` gets the node, or nothing when it is absent; called when the state is first known,
  // then when data or existence differ from the last call (compared by czxid and version). A znode
  // that came and went between two reads is reported as one more absence: who created it has to
  // know. It may destroy the watcher.
  using Changed = std::function<void(const std::optional<Node>&)>;
  // `denied` runs each time that a read is refused with kDenied; it must not destroy the watcher.
  NodeWatcher(Loop& loop, Client& client, std::string path, Changed changed,
              std::function<void()> denied = {});

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::optional<Node>& node() const { return node_; }

 private:
  void Read() override;
  void ReadAbsence();
  void Learned(std::optional<Node> node);

  Changed changed_;
  std::function<void()> denied_;
  bool known_ = false;
  std::optional<Node> node_;
};

class StatWatcher final : public Rereader {
 public:
  // As for NodeWatcher, with the stat in place of the node.
  using Changed = std::function<void(const std::optional<Stat>&)>;
  StatWatcher(Loop& loop, Client& client, std::string path, Changed changed);

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::optional<Stat>& stat() const { return stat_; }
  // The version of the data; nothing: absent. REQUIRES: known().
  [[nodiscard]] std::optional<Version> version() const {
    return stat_ ? std::optional(stat_->version) : std::nullopt;
  }

 private:
  void Read() override;
  void Learned(std::optional<Stat> stat);

  Changed changed_;
  bool known_ = false;
  std::optional<Stat> stat_;
};

class ChildrenWatcher final : public Rereader {
 public:
  // `changed` gets the names, sorted, or nothing when the parent is absent; called when they are
  // first known, then when the list differs. It may destroy the watcher.
  using Names = std::vector<std::string>;
  using Changed = std::function<void(const std::optional<Names>&)>;
  ChildrenWatcher(Loop& loop, Client& client, std::string path, Changed changed);

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::optional<Names>& names() const { return names_; }

 private:
  void Read() override;
  void ReadAbsence();
  void Learned(std::optional<Names> names);

  Changed changed_;
  bool known_ = false;
  std::optional<Names> names_;
};

}  // namespace zkcluster::zk
