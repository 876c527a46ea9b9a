// Decides for one cluster while this checker leads it: watches the ballots, counts, and commits
// each decision as one fenced multi. A deposed leader cannot write, whatever it believes; a refused
// commit is followed by reading again, never by trying again with the same facts.
//
//   Loading --board, ledger, votes read--> Idle --something changed--> Committing --done--> Idle
//   Committing --status changed under us--> Loading
//   Committing --a vote changed under us--> Idle, and the third try leaves the vote checks out
//   Committing --spec or Go voters changed under us--> Idle
//   any --candidate or token refused, or the answer lost--> lost
//         (the owner steps down and destroys it)
//
// Loop-bound conductor; lives exactly as long as one leadership.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/election/contender.h"
#include "checker/lead/commit.h"
#include "checker/lead/leader_facts.h"
#include "checker/lead/leader_log.h"
#include "checker/lead/spec_in_force.h"
#include "checker/lead/status_store.h"
#include "checker/rules/decide.h"
#include "checker/rules/pace.h"
#include "checker/rules/tally.h"
#include "zk/watcher.h"

namespace zkcluster {

class Leader {
 public:
  struct Callbacks {
    // A fence failed: step down. May destroy the Leader.
    std::function<void(std::string_view why)> lost;
    std::function<void()> respec;  // the spec we hold is old: read it again
    // A decision was committed, with these entries in the journal. May not destroy the Leader.
    std::function<void(const Decision&, const std::vector<Event>&)> committed;
  };

  // `lists` outlives the Leader.
  Leader(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths, Leadership leadership,
         const KnownLists& lists, SharedSpec spec, Callbacks callbacks);
  ~Leader();

  void SetSpec(SharedSpec spec);

  [[nodiscard]] LeaderFacts facts(FactsDepth depth) const;

 private:
  struct VoteState {
    std::unique_ptr<zk::NodeWatcher> watcher;
    bool known = false;
    std::optional<zk::Version> version;  // nothing: withdrawn
    std::optional<Ballot> ballot;        // nothing: withdrawn or undecodable
  };

  void OnVoteBell();
  void OnVoters(const std::optional<std::vector<std::string>>& ids);
  void OnVote(const std::string& id, const std::optional<zk::Node>& node);
  void OnCandidates(const std::optional<std::vector<std::string>>& nodes);
  void OnOwn(const std::optional<zk::Node>& node, const StatusStore::Slot& slot);
  void OnToken(const std::optional<zk::Node>& node);
  void WatchChunks();
  void Load();
  void Changed();  // something to think about, soon
  void Reconsider();
  [[nodiscard]] bool Ready() const;
  [[nodiscard]] Ballots CountedBallots() const;
  void Submit(CommitPlan plan, Decision decision);
  void OnCommitted(const CommitPlan& plan, const Decision& decision,
                   const std::vector<zk::OpResult>& results);
  void OnRefused(const CommitPlan& plan, const Error& error);
  void TrimJournal();
  [[nodiscard]] HoldFacts Facts() const;
  void WaitForOrders(const Ledger& ledger);
  void NoteCount(const Electorate& electorate, const Ballots& ballots,
                 const std::vector<ServerTally>& tallies);

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  const ClusterPaths paths_;
  const Leadership leadership_;
  const KnownLists& lists_;
  SharedSpec spec_;
  const Callbacks callbacks_;

  StatusStore store_;
  std::unique_ptr<zk::NodeWatcher> vote_bell_;  // rung by each ballot as it begins
  std::unique_ptr<zk::ChildrenWatcher> voters_;
  std::unique_ptr<zk::ChildrenWatcher> candidates_;
  std::unique_ptr<zk::ChildrenWatcher> go_voters_;
  // What only we may write: whoever else does is noticed at once, not with the next flip.
  std::unique_ptr<zk::NodeWatcher> head_watcher_;
  std::unique_ptr<zk::NodeWatcher> mirror_watcher_;
  std::unique_ptr<zk::NodeWatcher> ledger_watcher_;  // operators write there too
  std::unique_ptr<zk::NodeWatcher> token_watcher_;
  std::vector<std::unique_ptr<zk::NodeWatcher>> chunk_watchers_;
  std::unique_ptr<zk::NodeWatcher> go_bell_;  // rung by Go checkers as they register and vote
  std::map<std::string, VoteState> votes_;
  std::set<std::string> candidate_ids_;

  bool loading_ = false;
  bool committing_ = false;
  bool news_while_committing_ = false;
  bool own_news_ = false;  // meanwhile, of a znode that only we should write
  bool scheduled_ = false;
  int vote_refusals_ = 0;  // in a row
  int commits_since_trim_ = 0;
  Hold hold_ = Hold::kNone;  // as of the last look
  LeaderFacts count_;        // the last one
  LeaderLog log_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<Timer> order_end_;
  Pace pace_;  // of commits
  std::unique_ptr<Timer> pace_end_;
  Backoff backoff_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
