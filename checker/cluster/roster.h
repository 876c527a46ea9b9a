// The clusters that this checker serves: those named in its file, or all that exist. A cluster that
// appears is joined; one that is deleted is dropped at once. A cluster that was deleted and created
// again is another cluster: the old one is left and the new one joined. The list and the probe
// settings may change at any time: clusters that remain are not disturbed. Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/cluster/clock_watch.h"
#include "checker/cluster/farewell.h"
#include "checker/cluster/participant.h"
#include "zk/cluster_scope.h"
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
    Participant::Callbacks callbacks;
  };

  Roster(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool, Options options);
  ~Roster();

  // Takes over a changed file. New clusters are joined. Clusters no longer wanted are left, and
  // candidate and ballot are removed there although the session goes on. The others take over the
  // new defaults, and keep connections, opinions, candidacy and ballot.
  void Serve(bool all, std::vector<std::string> names);

  // Leaves every cluster; `done` when all have answered. Terminal.
  void Leave(std::function<void()> done);

  // Everything that this checker reports about its clusters, as of now.
  [[nodiscard]] CheckerFacts facts(FactsDepth depth) const;

 private:
  struct Entry {
    std::unique_ptr<zk::NodeWatcher> base;  // the cluster's own znode
    std::int64_t incarnation = 0;           // czxid of the cluster that was joined
    std::unique_ptr<Participant> participant;
  };

  // A cluster that was left, until nothing of ours can appear there any more.
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
  [[nodiscard]] ClusterScope Scope(const std::string& name) const;

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  ProbePool& pool_;
  Options options_;
  const ClockWatch clock_;
  bool leaving_ = false;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Departure> departures_;
  std::unique_ptr<zk::ChildrenWatcher> root_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
