// Registers this checker in one cluster and contends for its leadership, by the recipe of ephemeral
// sequential znodes, closed where the recipe is open: a create whose answer was lost is found again
// by guid, a first candidate is leader only after a committed take-over, and a suspended session
// ends leadership at once.
//
//   Away        --session-->                      Registering
//   Registering --an earlier twin holds the id--> Waiting
//   Registering --behind another candidate-->     Following
//   Registering --the first candidate-->          TakingOver --committed--> Leading
//   Waiting     --twin gone-->                    Following, or TakingOver when first
//   Waiting     --too long-->                     Refused
//   Following   --predecessor gone-->             Following another, or TakingOver when first
//   any         --request failed, own candidate gone, a fence refused--> Registering
//   any         --session suspended or lost-->    Away
//   any         --Leave-->                        Left
//
// Refused and Left are final: neither a session nor an error leads out of them.
//
// Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/rules/standing.h"
#include "codec/format.h"
#include "model/paths.h"
#include "model/registration.h"
#include "zk/client.h"
#include "zk/watcher.h"

namespace zkcluster {

// A committed take-over: what fences every write of this leadership.
struct Leadership {
  std::string candidate;  // path of the own candidate znode; its version is 0 while it lives
  zk::Version token = 0;  // data version of `leader` after the take-over
  LeaderRecord record;
};

class Contender {
 public:
  struct Identity {
    std::string id;
    std::string guid;  // 32 hex digits, one per process
    Registration registration;
    Formats formats = kFormats;  // that it reads and, as leader, writes
  };
  struct Callbacks {
    // The candidate (its path) stands and the id is ours: votes may be cast.
    std::function<void(const std::string& candidate)> registered;
    std::function<void()> unregistered;  // until registered comes again
    std::function<void(const Leadership&)> elected;
    std::function<void()> deposed;                     // after elected, once, whatever the cause
    std::function<void(const Registration&)> refused;  // another daemon holds the id; terminal
  };

  Contender(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths, Identity identity,
            Callbacks callbacks);
  ~Contender();

  // A fenced write failed on candidate or token: verify everything anew.
  void StepDown(std::string_view why);
  // Withdraws `also` (the own ballot) and the candidate in one multi; `done` in any case. Terminal.
  void Leave(std::vector<zk::Op> also, std::function<void()> done);

  [[nodiscard]] bool leading() const { return leading_; }

 private:
  enum class Phase {
    kAway,
    kRegistering,
    kWaiting,
    kFollowing,
    kTakingOver,
    kLeading,
    kRefused,
    kLeft
  };

  void OnSession(const zk::SessionEvent& event);
  void GoAway();
  void Start();
  void EnsureParents();
  void LookForSelf();
  [[nodiscard]] bool IsSound(const zk::Stat& candidate) const;
  void CreateCandidate();
  void Evaluate();
  void OnCandidates(const std::vector<std::string>& nodes);
  void WaitForTwin(const Candidate& twin);
  void OnTwin(const Candidate& twin, const Registration& holder);
  void RemoveGhost(const std::string& node);
  void Follow(const Candidate& predecessor);
  void TakeOver();
  void FindEpoch(LeaderRecord record, std::optional<zk::Version> expected);
  void FindEpochInJournal(LeaderRecord record, std::optional<zk::Version> expected);
  void ReadJournal(LeaderRecord record, std::optional<zk::Version> expected,
                   const std::shared_ptr<std::vector<std::string>>& names);
  void CommitTakeOver(const LeaderRecord& record, std::optional<zk::Version> expected);
  void Lead(const LeaderRecord& record, zk::Version token);
  void LoseLeadership();
  void SetRegistered(bool registered);
  void Retry(const Error& error, std::string_view doing);
  template <class F>
  auto Guard(F callback) {
    return attempt_.Guard(std::move(callback));
  }

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  const ClusterPaths paths_;
  const Identity identity_;
  const Callbacks callbacks_;

  Phase phase_ = Phase::kAway;
  bool registered_ = false;
  bool leading_ = false;
  std::string own_node_;                      // name of the candidate znode, when known
  std::shared_ptr<zk::WatchFunction> watch_;  // on the predecessor or the twin
  std::optional<std::string> waiting_for_;    // node of the twin
  TimePoint waiting_since_{};
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<Timer> patience_;
  Backoff backoff_;
  int ordinary_in_a_row_ = 0;  // conflicts and absences that stood in the way
  Subscription session_;
  Lifetime attempt_;  // answers to earlier attempts no longer matter
};

}  // namespace zkcluster
