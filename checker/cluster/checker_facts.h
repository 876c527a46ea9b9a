// The one tree of what a checker reports of its clusters, for people and for monitoring: the
// checker, each cluster that it serves, and what it knows only where it leads (LeaderFacts). The
// Roster makes it when asked. The minute's summary, the pages and the service manager are made of
// it, so none of them can say another thing. Pure.
#pragma once

#include <zkcluster/session.h>
#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checker/cluster/own_decisions.h"
#include "checker/lead/leader_facts.h"
#include "checker/probe/worker.h"
#include "model/ballot.h"

namespace zkcluster {

struct ClusterFacts {
  ProbeGroup group = 0;  // its counters
  std::uint64_t spec_version = 0;
  bool registered = false;  // it is a candidate, and its votes count
  bool leading = false;
  std::size_t shards = 0;         // that it probes, as the spec lists them
  OpinionCounts opinions;         // their servers, by this checker's own opinion
  std::vector<ListedShard> dead;  // in its opinion; the first kMaxShardsListed; for kShards
  // False where the spec cannot be used. Such a cluster gets no vote, and must not keep the checker
  // from being ready for the others.
  bool ballot_allowed = true;
  bool ballot_published = false;   // ZooKeeper has what this checker thinks
  Duration ballot_age{0};          // since it was last written; 0 where there is none
  std::string leader;              // who took over last; empty: nobody, or not known
  std::int64_t epoch = 0;          // of that leader
  FlipCounts flips;                // decided by this checker since it joined the cluster
  std::optional<LeaderFacts> led;  // while it leads

  [[nodiscard]] std::size_t servers() const { return opinions.Sum(); }
  // As far as this checker, while it leads, knows.
  [[nodiscard]] bool frozen() const { return led && led->frozen; }
  [[nodiscard]] bool paused() const { return led && led->paused(); }
  [[nodiscard]] std::size_t maintained() const { return led ? led->maintained : 0; }
  // What the leader knows once it has read the status; else null.
  [[nodiscard]] const LeaderFacts* decided() const {
    return led && led->status_read ? &*led : nullptr;
  }
};

struct CheckerFacts {
  SessionState session = SessionState::kConnecting;
  bool known = false;                            // connected, and which clusters there are is known
  std::size_t missing = 0;                       // clusters that are named, and not there
  std::map<std::string, ClusterFacts> clusters;  // those that are served, by name

  // Clusters in which the newest ballot is not published (yet), although one is allowed.
  [[nodiscard]] std::size_t Unpublished() const;
  // Their names, and those of clusters whose spec allows no ballot.
  [[nodiscard]] std::vector<std::string> Silent() const;
  // It votes in all its clusters.
  [[nodiscard]] bool Ready() const { return known && Unpublished() == 0; }

  // Clusters.
  [[nodiscard]] std::size_t Leading() const;
  [[nodiscard]] std::size_t Frozen() const;
  [[nodiscard]] std::size_t Paused() const;
  // Of all clusters. Dead are servers, in this checker's own opinion.
  [[nodiscard]] std::size_t Shards() const;
  [[nodiscard]] std::size_t Servers() const;
  [[nodiscard]] std::size_t Dead() const;
};

}  // namespace zkcluster
