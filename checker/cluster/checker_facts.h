// The one tree of everything that a checker reports about its clusters, to people and to
// monitoring: the checker itself, each cluster that it serves, and, where it leads, what only the
// leader knows (LeaderFacts). The Roster makes it on request. The summary line, the pages and the
// reports to the service manager are made of it, so they cannot disagree. Pure.
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
  std::size_t shards = 0;         // in the spec; this checker probes them
  OpinionCounts opinions;         // their servers, by this checker's own opinion
  std::vector<ListedShard> dead;  // in its opinion; at most kMaxShardsListed; only for kShards
  // False where the spec cannot be used. Such a cluster gets no vote, and must not keep the checker
  // from being ready for the others.
  bool ballot_allowed = true;
  bool ballot_published = false;   // ZooKeeper has what this checker thinks
  Duration ballot_age{0};          // since it was last written; 0 where there is none
  std::string leader;              // took over last; empty: none, or not known
  std::int64_t epoch = 0;          // of that leader
  bool shadow = false;             // it would depose a leader that owes a decision
  Duration owed{0};                // how long the leader owes one, as far as this shadow knows
  std::uint64_t depositions = 0;   // of leaders, by this checker since it joined the cluster
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
  std::optional<Micros> clock_ahead;             // of ZooKeeper's; nothing: not known yet
  bool known = false;                            // connected, and the list of clusters is read
  std::size_t missing = 0;                       // named in the file, but do not exist
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
  // Sums over all clusters. Dead counts servers, by this checker's own opinion.
  [[nodiscard]] std::size_t Shards() const;
  [[nodiscard]] std::size_t Servers() const;
  [[nodiscard]] std::size_t Dead() const;
};

}  // namespace zkcluster
