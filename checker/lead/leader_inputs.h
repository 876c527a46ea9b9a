// A view of the checkers: their ballots, their candidates, registered Go checkers, without the
// ghosts among them, and the token of the leader's record. Watches keep it at the latest state. A
// leader has one, and so has each shadow, which counts the same ballots. Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/lifetime.h"
#include "checker/lead/ghost_sweeper.h"
#include "checker/lead/owned_children.h"
#include "checker/lead/spec_in_force.h"
#include "checker/rules/round.h"
#include "model/ballot.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class LeaderInputs {
 public:
  // `changed` runs after each change. It must not destroy the inputs.
  LeaderInputs(const ClusterScope& scope, std::function<void()> changed);

  // Everything below has been read. The token is not included: no count depends on it.
  [[nodiscard]] bool known() const;
  [[nodiscard]] const Ballots& ballots() const { return ballots_; }  // all that can be decoded
  // Voters whose ballots are there and cannot be decoded.
  [[nodiscard]] const std::set<std::string>& undecodable() const { return undecodable_; }
  [[nodiscard]] const std::set<std::string>& candidates() const { return candidate_ids_; }
  // The candidates' znodes; none until they were read, or without an election.
  [[nodiscard]] const std::vector<std::string>& candidate_nodes() const {
    return candidates_.living();
  }
  // Registered Go checkers: their znodes below `localstatus`.
  [[nodiscard]] const std::vector<std::string>& go_voters() const { return go_voters_.living(); }
  // What looks like one of these and has no session. None of the above contains it.
  [[nodiscard]] std::vector<Ghost> ghosts() const;

  // What a leader and its shadows conclude from, so that no count can differ: the caller adds the
  // time, and what it knows of the rounds before. It refers to its arguments.
  struct StatusRead {
    const std::optional<Head>& head;
    bool has_head = false;  // its znode exists
    const CarriedBoard& board;
    const Ledger& ledger;
  };
  [[nodiscard]] RoundInput InputOf(const SpecInForce& spec, const StatusRead& status) const;

  // Nothing is being read: what is known is as new as the newest answer on the session.
  [[nodiscard]] bool settled() const;
  // The newest stamp of a ballot, by the ensemble's clock, and when it was read. Nothing: none was.
  struct Stamp {
    Micros written{0};
    TimePoint read;
  };
  [[nodiscard]] const std::optional<Stamp>& newest_ballot() const { return newest_ballot_; }

  // The versions that a commit checks. REQUIRES: known().
  [[nodiscard]] zk::Version ballot_version(const std::string& id) const;  // of one of ballots()
  // Data version of `votes`, which changes when a ballot begins.
  [[nodiscard]] zk::Version vote_signal() const { return vote_signal_.version().value_or(0); }
  // Data version of `localstatus`, which changes when Go checkers register and
  // vote; nothing: absent.
  [[nodiscard]] std::optional<zk::Version> go_signal() const { return go_signal_.version(); }

  // True if the leader's record does not have this version (any more).
  [[nodiscard]] bool LostToken(zk::Version token) const {
    return token_.known() && token_.version() != token;
  }

  // A guard failed, so this view may be old: read again, after a sync, because the server that
  // answers may lag behind the one that refused.
  void RereadVote(const std::string& id);
  void RereadVoteSignal();
  void RereadGo();

 private:
  struct VoteState {
    std::unique_ptr<zk::NodeWatcher> watcher;
    bool known = false;
    std::optional<zk::Version> version;  // nothing: withdrawn
    bool ghost = false;
  };

  void OnVoteSignal();
  void OnVoters(const std::optional<std::vector<std::string>>& ids);
  void OnVote(const std::string& id, const std::optional<zk::Node>& node);
  void OnUnreadable(const std::string& id);
  void LogUnusable(const std::string& id, std::string_view error);
  void OnCandidates();
  void Sync();

  const ClusterScope scope_;
  const std::function<void()> changed_;
  std::map<std::string, VoteState> votes_;
  Ballots ballots_;
  std::set<std::string> undecodable_;
  std::optional<Stamp> newest_ballot_;
  std::set<std::string> candidate_ids_;

  zk::StatWatcher vote_signal_;
  zk::ChildrenWatcher voters_;
  OwnedChildren candidates_;
  OwnedChildren go_voters_;
  zk::StatWatcher go_signal_;
  zk::StatWatcher token_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
