// The journal of one cluster: sequential znodes below quorum/events, one for each event. Leaders
// keep about the newest thousand. `JournalFollower` delivers every existing entry and then every
// new one, in the order of their numbers; `ReadJournal` delivers the existing ones once. zkctl uses
// both; a Contender uses `SortJournal` to find the newest entries.
//
// Numbers may have holes, because old entries are trimmed: an entry that is trimmed before it is
// read is left out. An entry that cannot be decoded is delivered as its error.
//
// Loop-bound conductor.
#pragma once

#include <zkcluster/result.h>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "model/journal.h"
#include "model/paths.h"
#include "zk/client.h"
#include "zk/watcher.h"

namespace zkcluster {

struct JournalEntry {
  std::string node;  // name of the znode
  Result<Event> event;
  Micros written{0};  // by the server's clock
};

// The entries among the children of quorum/events, the oldest first. Foreign names are left out.
// Numbers may have wrapped. Pure.
[[nodiscard]] std::vector<std::string> SortJournal(std::vector<std::string> nodes);

// Reads every entry, the oldest first; none where there is no journal. All reads are sent at once.
// `done` is called once, unless `client` is destroyed before.
using JournalRead = std::function<void(Result<std::vector<JournalEntry>>)>;
void ReadJournal(zk::Client& client, const ClusterPaths& paths, JournalRead done);

class JournalFollower {
 public:
  // May not destroy the follower.
  using OnEntry = std::function<void(const JournalEntry&)>;
  JournalFollower(Loop& loop, zk::Client& client, const ClusterPaths& paths, OnEntry on_entry);

 private:
  void OnNodes(const std::optional<std::vector<std::string>>& nodes);
  void StartOver();
  void ReadNext();
  void OnNode(const Result<zk::Node>& node);

  zk::Client& client_;
  Loop& loop_;
  const std::string events_;  // path
  const OnEntry on_entry_;
  std::optional<std::int32_t> newest_;  // number of the newest entry that `left_` has held
  std::deque<std::string> left_;        // to be read, in order
  bool reading_ = false;                // the first of them
  Backoff backoff_;
  std::unique_ptr<Timer> retry_;
  zk::ChildrenWatcher watcher_;
  Lifetime journal_;  // answers about a deleted journal no longer matter
};

}  // namespace zkcluster
