// Decides for one cluster while this checker leads it: watches the ballots, counts, and commits each
// decision as one fenced multi. A deposed leader cannot write, whatever it believes; a refused commit is
// followed by reading again, never by trying again with the same facts.
//
//   Loading --board, ledger, votes read--> Idle --something changed--> Committing --done--> Idle
//   Committing --status changed under us--> Loading
//   any --candidate or token refused--> lost (the Contender steps down and destroys the Leader)
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
#include "checker/quorum/contender.h"
#include "checker/quorum/decide.h"
#include "checker/quorum/tally.h"
#include "client/spec_watcher.h"
#include "model/codec.h"
#include "zk/watcher.h"

namespace zkcluster {

class Leader {
 public:
  struct Callbacks {
    std::function<void(std::string_view why)> lost;  // a fence failed: step down. May destroy the Leader
    std::function<void()> respec;                    // the spec we hold is old: read it again
  };
  struct Numbers {
    Duration interval{};   // of probes, as the checker resolves the spec
    Duration threshold{};
  };

  Leader(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths, Leadership leadership,
         StoredSpec spec, Numbers numbers, Callbacks callbacks);
  ~Leader();

  void SetSpec(StoredSpec spec, Numbers numbers);

 private:
  struct Commit;  // one decision under way

  // --- what is watched ---
  void OnVoters(const std::optional<std::vector<std::string>>& ids);
  void OnVote(const std::string& id, const std::optional<zk::Node>& node);
  void OnCandidates(const std::optional<std::vector<std::string>>& nodes);
  void OnGoVoters(const std::optional<std::vector<std::string>>& nodes);
  // --- what is read once and then kept up by our own writes ---
  void Load();
  void OnLoaded();
  // --- decisions ---
  void Changed();
  void Reconsider();
  [[nodiscard]] bool Ready() const;
  void Submit(Decision decision, Electorate electorate, bool respecced, std::set<std::string> learned);
  void OnCommitted(std::shared_ptr<Commit> commit, Result<std::vector<zk::OpResult>> result);
  void Adopt(const Commit& commit, const std::vector<zk::OpResult>& results);
  void TrimJournal();
  void LogQuorum(const Electorate& electorate, std::size_t without_quorum,
                 const std::vector<ShardTally>& tallies);

  struct VoteState {
    std::unique_ptr<zk::NodeWatcher> watcher;
    bool known = false;
    bool present = false;
    zk::Version version = 0;
    std::int64_t czxid = 0;
    std::optional<Ballot> ballot;
  };
  // A znode the leader writes: where it stands.
  struct Slot {
    std::optional<zk::Version> version;  // nothing: absent
    std::string data;
  };

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  const ClusterPaths paths_;
  const Leadership leadership_;
  StoredSpec spec_;
  Numbers numbers_;
  const Callbacks callbacks_;

  std::unique_ptr<zk::ChildrenWatcher> voters_;
  std::unique_ptr<zk::ChildrenWatcher> candidates_;
  std::unique_ptr<zk::ChildrenWatcher> go_voters_;
  std::unique_ptr<zk::NodeWatcher> go_bell_;
  std::map<std::string, VoteState> votes_;
  std::set<std::string> candidate_ids_;

  bool loaded_ = false;
  int loads_pending_ = 0;
  bool load_failed_ = false;
  Slot head_slot_;
  Slot ledger_slot_;
  Slot mirror_slot_;
  std::vector<Slot> chunk_slots_;
  std::optional<Head> head_;
  Ledger ledger_;
  StatusBoard board_;                    // of board_shards_
  std::vector<ShardSpec> board_shards_;  // the list the board refers to

  std::shared_ptr<Commit> commit_;
  bool scheduled_ = false;
  int vote_refusals_ = 0;  // in a row
  std::string last_quorum_note_;
  Hold last_hold_ = Hold::kNone;
  int since_trim_ = 0;
  std::unique_ptr<Timer> retry_;
  Backoff backoff_;
  Lifetime load_;  // answers to an earlier load no longer matter
  Lifetime lifetime_;
};

}  // namespace zkcluster
