// Observes in ZooKeeper what the checkers of one cluster do: each changed vote and each event of
// the journal, with the server's time of it. Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "follow/journal.h"
#include "follow/spec_watcher.h"
#include "model/ballot.h"
#include "model/journal.h"
#include "model/paths.h"
#include "zk/client.h"
#include "zk/watcher.h"

namespace zkcluster::zkctl {

class Observer {
 public:
  struct Hooks {
    // A checker's vote on a shard has changed. Several quick changes may come as one.
    std::function<void(const std::string& checker, const std::string& shard, Vote vote,
                       Micros stamped)>
        on_vote;
    // Its ballot came or went: its session ended, or it left.
    std::function<void(const std::string& checker, bool present)> on_checker;
    // Each event of the journal, in order, from the first.
    std::function<void(const Event& event, Micros stamped)> on_event;
  };
  Observer(Loop& loop, zk::Client& client, const ClusterPaths& paths, Hooks hooks);

 private:
  struct Checker {
    std::unique_ptr<zk::NodeWatcher> watcher;  // of its ballot
    std::map<std::string, Vote> votes;         // by shard, as last reported
  };
  void OnVoters(const std::optional<std::vector<std::string>>& ids);
  void OnBallot(const std::string& id);

  Loop& loop_;
  zk::Client& client_;
  const ClusterPaths paths_;
  const Hooks hooks_;
  std::map<std::string, Checker> checkers_;
  SpecWatcher spec_;
  zk::ChildrenWatcher ids_;
  JournalFollower journal_;
};

}  // namespace zkcluster::zkctl
