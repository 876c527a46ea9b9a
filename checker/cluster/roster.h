// Which clusters this checker serves: those named in its file, or all there are. A cluster that
// appears is joined, one that is deleted is let go of at once, and one that was made anew under the
// same name is another cluster: left and joined. Which clusters, and how they are probed, may
// change at any time: those that stay do not notice. Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/cluster/farewell.h"
#include "checker/cluster/participant.h"
#include "zk/watcher.h"

namespace zkcluster {

class Roster {
 public:
  struct Options {
    std::string root;
    bool all = false;
    std::vector<std::string> names;  // when not all
    Registrant identity;
    // Called when a cluster is joined, and by Serve.
    std::function<ProbeDefaults(const std::string& cluster)> defaults;
    Participant::OnEvent on_event = {};
  };

  Roster(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool, Options options,
         Participant::IdRefused id_refused);
  ~Roster();

  // What the file says now. New clusters are joined; those that are no longer wanted are left, with
  // nothing of ours in them although the session goes on; the others take over their defaults, and
  // keep connections, opinions, candidacy and ballot.
  void Serve(bool all, std::vector<std::string> names);

  // Leaves every cluster; `done` when all have answered. Terminal.
  void Leave(std::function<void()> done);

  struct Summary {
    std::size_t clusters = 0;
    std::size_t missing = 0;      // named, and not there
    std::size_t unpublished = 0;  // of `clusters`: the newest ballot does not stand (yet)
    std::size_t leading = 0;
    std::size_t frozen = 0;  // of those led
    std::size_t paused = 0;  // of those led
    std::size_t shards = 0;
    std::size_t dead = 0;
    bool known = false;  // connected, and which clusters there are is known
    bool ready = false;  // and in each the newest ballot stands
  };
  [[nodiscard]] Summary summary() const;
  // Looks at no shard.
  [[nodiscard]] Readiness readiness() const;
  // Of each cluster that is served now, by name.
  [[nodiscard]] std::map<std::string, ClusterDetails> details() const;

 private:
  struct Entry {
    std::unique_ptr<zk::NodeWatcher> base;  // the cluster's own znode
    std::int64_t incarnation = 0;           // czxid of the cluster that was joined
    std::unique_ptr<Participant> participant;
  };

  // A cluster that was left, until nothing of ours is to be feared there any more.
  struct Departure {
    std::unique_ptr<Participant> participant;  // until it has left
    std::unique_ptr<Farewell> farewell;        // from then on
    bool clean = false;                        // it may be joined again
  };

  void OnNames(const std::optional<std::vector<std::string>>& names);
  void Follow(const std::string& name);
  void Depart(const std::string& name);
  void SayFarewell(const std::string& name);
  [[nodiscard]] bool Wanted(const std::string& name) const;
  void OnBase(const std::string& name, const std::optional<zk::Node>& node);

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  ProbePool& pool_;
  Options options_;
  const Participant::IdRefused id_refused_;
  bool leaving_ = false;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Departure> departures_;
  std::unique_ptr<zk::ChildrenWatcher> root_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
