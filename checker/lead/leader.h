// Decides for one cluster while this checker leads it: watches ballots, candidates and status, asks
// Conclude (checker/rules/round.h) what follows, and commits that as one fenced multi. A deposed
// leader cannot write, even if it still believes that it leads. After a refused commit it reads
// again; it never repeats a commit with the same facts.
//
//   Loading --status, ballots, candidates read--> Idle
//   Idle --something changed, and a commit follows from it--> Committing
//   Idle --the status has moved, a new ballot began, or all is to be read again--> Loading
//   Committing --done, or refused--> Idle
//   any --candidate, token or journal gone, or the outcome is unknown--> lost
//         (the owner steps down and destroys it)
//
// Loop-bound conductor; lives exactly as long as one leadership.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "checker/election/contender.h"
#include "checker/lead/commit.h"
#include "checker/lead/common_format.h"
#include "checker/lead/ghost_sweeper.h"
#include "checker/lead/journal_trimmer.h"
#include "checker/lead/leader_facts.h"
#include "checker/lead/leader_inputs.h"
#include "checker/lead/leader_log.h"
#include "checker/lead/spec_in_force.h"
#include "checker/lead/status_store.h"
#include "checker/rules/conclusion.h"
#include "checker/rules/pace.h"
#include "checker/rules/roll_call.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

class Leader {
 public:
  struct Callbacks {
    // A fence failed: step down. May destroy the Leader.
    std::function<void(std::string_view why)> lost;
    std::function<void()> respec;  // the spec we hold is old: read it again
    // These changes were committed, with these entries in the journal. Must not destroy the Leader.
    std::function<void(const std::vector<Change>&, const std::vector<Event>&)> committed;
  };

  // `lists` outlives the Leader.
  Leader(const ClusterScope& scope, Leadership leadership, const KnownLists& lists, SharedSpec spec,
         Formats formats, Callbacks callbacks);

  void SetSpec(SharedSpec spec);

  [[nodiscard]] LeaderFacts facts(FactsDepth depth) const;

 private:
  struct Loading {};
  struct Idle {};
  struct Committing {
    CommitPlan plan;
  };
  using State = std::variant<Loading, Idle, Committing>;

  void Enter(State state);
  void Changed();  // a round begins soon
  void Reconsider();
  [[nodiscard]] bool Ready() const;
  [[nodiscard]] Round Concluded() const;
  [[nodiscard]] CommitInput InputOf(const Round& round) const;
  [[nodiscard]] std::vector<Contribution> RollCallNews(const Round& round) const;
  void Act(Round round);
  void Submit(CommitPlan plan);
  void OnCommitted(const CommitPlan& plan, const std::vector<zk::OpResult>& results);
  void OnRefused(const CommitPlan& plan, const zk::OpError& error);
  void OnMoved(const PlannedOp& op, const Error& error);
  void Retry();
  void WaitForOrders();
  // By ZooKeeper's clock, which dates everything that this leader writes: this host's may be off.
  [[nodiscard]] Micros Now() const;

  // Final.
  const ClusterScope scope_;
  const Leadership leadership_;
  const KnownLists& lists_;
  const Callbacks callbacks_;

  // --- Knowledge ---
  SharedSpec spec_;
  CommonFormat format_;
  LeaderInputs inputs_;
  StatusStore store_;
  Hold hold_ = Hold::kNone;  // of the last round
  LastCount count_;          // of the last round that counted
  int vote_refusals_ = 0;    // in a row

  State state_;
  bool scheduled_ = false;  // a round is about to begin
  bool news_ = false;       // something changed while committing

  LeaderLog log_;
  RollCall roll_call_;
  JournalTrimmer trimmer_;
  GhostSweeper sweeper_;
  Pace pace_;  // of commits
  Backoff backoff_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<Timer> order_end_;
  std::unique_ptr<Timer> pace_end_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
