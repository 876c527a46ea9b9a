// Watches over the leader of one cluster while this checker is second or third in line. It follows
// the same ballots and the same status, and asks Conclude what a leader would decide now. When such
// a decision is owed for longer than its patience, its owner deposes the leader; the rules are in
// checker/rules/succession.h. A shadow never writes the status, and while nothing changes it neither
// reads nor writes. A Participant owns one while its place in line is a shadow's.
//
//   Reading --all read--> Watching --patience over--> Confirming --answered--> Watching,
//     or the owner deposes and destroys it
//
// Loop-bound conductor.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "checker/election/contender.h"
#include "checker/lead/leader_inputs.h"
#include "checker/lead/spec_in_force.h"
#include "checker/lead/status_copy.h"
#include "checker/rules/succession.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class Shadow {
 public:
  // Deposes; may destroy the Shadow.
  using Depose = std::function<void(Deposition)>;

  // `lists` outlives the Shadow. REQUIRES: `before` has 1 to kShadows candidates.
  Shadow(const ClusterScope& scope, const KnownLists& lists, SharedSpec spec,
         std::vector<Candidate> before, Depose depose);

  void SetSpec(SharedSpec spec);
  void SetLine(std::vector<Candidate> before);

  // How long a decision has been owed; nothing: none is, as far as this shadow knows.
  [[nodiscard]] std::optional<Duration> owed() const { return vigil_.OwedFor(scope_.loop.Now()); }

 private:
  enum class State : unsigned char { kReading, kWatching, kConfirming };

  void Enter(State state);
  void Changed();    // a check follows soon
  void CheckNext();  // in the next turn
  void Check();
  [[nodiscard]] bool Ready() const;
  [[nodiscard]] bool Settled() const;
  [[nodiscard]] bool Owed() const;
  [[nodiscard]] Vigil::Mark MarkNow() const;
  [[nodiscard]] PatienceFacts Patience() const;
  void Follow(const Vigil::Next& next);
  void Confirm();
  void OnConfirmed(Duration round_trip);
  void ObserveClock();

  const ClusterScope scope_;
  const KnownLists& lists_;
  const Depose depose_;
  SharedSpec spec_;
  std::vector<Candidate> before_;

  State state_ = State::kReading;
  bool scheduled_ = false;  // a check begins in the next turn
  LeaderInputs inputs_;
  StatusCopy status_;
  zk::NodeWatcher leader_;
  EnsembleClock clock_;
  Vigil vigil_;
  std::unique_ptr<Timer> soon_;
  std::unique_ptr<Timer> wait_;  // until the patience is over
  Lifetime lifetime_;
};

}  // namespace zkcluster
