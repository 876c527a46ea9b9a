// Follows one znode, or one znode's children, as "the latest state, never each change". NodeWatcher
// reads the data with a watch, tells its owner, and reads again whenever the watch fires, the
// session was suspended, or a new session begins; failures are retried with backoff. An absent
// znode is a state like any other. ChildrenWatcher does the same for the list of children, and
// StatWatcher for existence and version alone, where nobody needs the data.
// Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
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
  // Reads again soon, watch or no watch. Cheap to call often: reads do not pile up.
  void Refresh();
  // Something may have changed that has not been read yet. False is worth as much as the newest
  // answer of any read on the session: what changed before that, a watch has told before it.
  [[nodiscard]] bool has_news() const { return reading_ || retry_->armed(); }

 protected:
  virtual void Read() = 0;  // calls Succeeded or Failed in the end
  void Succeeded();
  void Failed(const Error& error);
  [[nodiscard]] Watch watch() const { return watch_; }

  Client& client_;
  const std::string path_;

 private:
  void OnSession(const SessionEvent& event);
  void StartRead();

  bool reading_ = false;
  bool again_ = false;  // something happened while reading
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
  // `changed` gets the node, or nothing when it is absent; called first when it is first known,
  // then whenever data or existence differ from the last call (compared by czxid and version). It
  // may destroy the watcher.
  using Changed = std::function<void(const std::optional<Node>&)>;
  NodeWatcher(Loop& loop, Client& client, std::string path, Changed changed);

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::optional<Node>& node() const { return node_; }

 private:
  void Read() override;
  void ReadAbsence();
  void Learned(std::optional<Node> node);

  Changed changed_;
  bool known_ = false;
  std::optional<Node> node_;
};

class StatWatcher final : public Rereader {
 public:
  // As NodeWatcher's, with the stat in place of the node.
  using Changed = std::function<void(const std::optional<Stat>&)>;
  StatWatcher(Loop& loop, Client& client, std::string path, Changed changed);

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::optional<Stat>& stat() const { return stat_; }
  // Of the data; nothing: absent. REQUIRES: known().
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
  // `changed` gets the names, sorted, or nothing when the parent is absent; called first when they
  // are first known, then whenever the list differs. It may destroy the watcher.
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
