// One checker's part in one cluster: follows its spec, has its servers probed, votes, contends for
// leadership, and leads when elected. The Roster holds one for each cluster that this checker
// serves. Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "checker/cluster/checker_facts.h"
#include "checker/cluster/last_leader.h"
#include "checker/cluster/opinion_log.h"
#include "checker/cluster/owed_penalties.h"
#include "checker/cluster/own_decisions.h"
#include "checker/cluster/server_probes.h"
#include "checker/election/contender.h"
#include "checker/lead/leader.h"
#include "checker/lead/shadow.h"
#include "checker/lead/spec_in_force.h"
#include "checker/probe/probe_pool.h"
#include "checker/vote/voter.h"
#include "follow/spec_watcher.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

// The settings in a checker's file for one cluster, used where its spec has none.
struct ProbeDefaults {
  HealthSettings health;
  ProbeAccess access;
};
// The spec's numbers where it has them, else the defaults.
[[nodiscard]] HealthSettings ResolveHealth(const ProbeSpec& spec, const HealthSettings& defaults);

class Participant {
 public:
  struct Callbacks {
    // Another daemon holds our id. No other call follows.
    std::function<void(const Registration& holder)> id_refused;
    // This checker has taken over, or committed a decision; the journal has the same event. Must
    // not destroy the Participant.
    OwnDecisions::OnEvent event;
  };

  Participant(ClusterScope scope, ProbePool& pool, Registrant identity, ProbeDefaults defaults,
              Callbacks callbacks);
  ~Participant();  // probing ends; ballot and candidate remain until the session ends: see Leave
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  // Takes over new settings from the checker's file. Connections, opinions and ballot are kept
  // unless the credentials changed.
  void SetDefaults(ProbeDefaults defaults);

  // Ballot withdrawn, leadership given up, probing ended. Terminal; `done` in any case.
  void Leave(std::function<void()> done);

  [[nodiscard]] ClusterFacts facts(FactsDepth depth) const;

 private:
  void OnSpec();
  void NoteTrouble(const SpecWatcher::State& state);
  void Adopt(SharedSpec spec);
  void ProbeServers();
  void EnterElection();
  void OnReport(std::size_t server, const ServerReport& report);
  void OnElected(const Leadership& leadership);
  void OnLine(const std::vector<Candidate>& before);
  void LogSpec(const StoredSpec& next) const;
  [[nodiscard]] OpinionLog::Server NameOf(std::size_t server) const;
  [[nodiscard]] std::vector<ListedShard> DeadServers() const;

  const ClusterScope scope_;
  const Registrant identity_;
  const Callbacks callbacks_;
  HealthSettings default_health_;

  SharedSpec spec_;  // null until there is a good one, and the ledger was read
  SpecWatcher::Trouble trouble_ = SpecWatcher::Trouble::kNone;  // as logged
  KnownLists lists_;
  bool leaving_ = false;
  bool registered_ = false;
  OwedPenalties penalties_;
  OpinionLog opinion_log_;
  OwnDecisions decisions_;
  ServerProbes probes_;
  Voter voter_;
  std::unique_ptr<LastLeader> last_leader_;
  std::unique_ptr<Leader> leader_;
  std::unique_ptr<Shadow> shadow_;
  std::unique_ptr<Contender> contender_;
  std::unique_ptr<SpecWatcher> spec_watcher_;
};

}  // namespace zkcluster
