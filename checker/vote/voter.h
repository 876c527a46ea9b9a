// Publishes this checker's ballot in one cluster and keeps it up to date: all changes of one moment
// go out in one write, a failed write is repeated after the reconnect, and a ballot that was
// removed or overwritten is written again. Until every server was probed once (or the patience has
// passed) nothing is published: silence is not a vote. A Participant owns it.
//
//   Disabled --Enable--> Watching (the own znode)
//   Watching --nothing is there--> Absent --released, and due--> Creating --> Written
//   Watching --our own ballot is there--> Written
//   Watching --another session's: a ghost of ours--> Deleting --it is gone--> Absent
//   Written  --votes changed, or it was overwritten--> Setting --> Written
//   Written  --it was removed--> Absent
//   Written, Absent  --a ghost is there--> Deleting
//   Creating, Setting or Deleting --failed--> Pausing --after a while--> Watching
//   any --Disable--> Disabled          any --Withdraw--> Withdrawn
//
// Withdrawn is final.
//
// Loop-bound conductor.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "checker/rules/pace.h"
#include "checker/vote/ballot_draft.h"
#include "zk/client.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class Voter {
 public:
  // First opinions on new shards are gathered for this time, so that a start takes a few writes and
  // not one per shard. Any other change goes out at the end of the loop's turn.
  static constexpr Duration kGather = std::chrono::milliseconds(100);
  static constexpr Duration kReturningWaits = std::chrono::seconds(1);

  Voter(ClusterScope scope, std::string id, std::string rack);
  ~Voter();

  // Sets the list that votes refer to from now on. `votes` are the opinions known already;
  // `patience` is the time that the very first ballot waits for missing ones. A ballot that was
  // published already is rewritten at once: votes on an old list are not counted.
  void SetSpec(SpecId spec, std::vector<Vote> votes, Duration patience);
  void SetVote(std::size_t server, Vote vote);  // REQUIRES: within the list
  // How far a flapping server is on its way back. It changes no vote, so it waits for the next write
  // for up to kReturningWaits.
  void SetReturning(std::size_t server, int required, int good);
  // This checker's present votes, published or not, and the number of each opinion.
  [[nodiscard]] const std::vector<Vote>& votes() const { return draft_.ballot().votes; }
  [[nodiscard]] const OpinionCounts& opinions() const { return draft_.opinions(); }

  // Enable: the id is ours (again) while `candidate`, a path, exists. Disable: it is not.
  void Enable(std::string candidate);
  void Disable();

  // The operations that withdraw the ballot, for Contender::Leave. Nothing more
  // is written afterwards.
  [[nodiscard]] std::vector<zk::Op> Withdraw();

  // The newest votes are in ZooKeeper, or on their way into a ballot that is there.
  [[nodiscard]] bool published() const { return in_place() != nullptr && !dirty_; }
  // Time since our ballot in ZooKeeper was last written (or found); 0 without one.
  [[nodiscard]] Duration age() const {
    return in_place() ? scope_.loop.Now() - in_place()->since : Duration::zero();
  }

 private:
  struct Disabled {};
  struct Watching {};
  struct Absent {};
  struct Deleting {};
  struct Creating {};
  struct Written {
    zk::Version version;
    TimePoint since;
  };
  struct Setting {
    Written before;
  };
  struct Pausing {};
  struct Withdrawn {};
  using State = std::variant<Disabled, Watching, Absent, Deleting, Creating, Written, Setting,
                             Pausing, Withdrawn>;
  static std::string_view NameOf(const State& state);

  template <class S>
  [[nodiscard]] bool In() const {
    return std::holds_alternative<S>(state_);
  }
  // Our ballot in ZooKeeper, as we know it; null: none.
  [[nodiscard]] const Written* in_place() const;
  // The only place where the state changes.
  void Enter(State next);

  void Schedule();
  void Flush();
  void Create(std::size_t changes);
  void Set(const Written& before, std::size_t changes);
  void DeleteGhost(zk::Version version);
  [[nodiscard]] std::vector<zk::Op> Fenced(zk::Op op) const;
  void OnOwnNode(const std::optional<zk::Node>& node);
  void OnOwnBallot(const zk::Node& node);
  void OnWritten(zk::Version version, std::size_t changes);
  void Failed(const Error& error, std::string_view doing);

  const ClusterScope scope_;
  const std::string id_;
  const std::string path_;
  std::string candidate_;  // while neither Disabled nor Withdrawn

  State state_;
  BallotDraft draft_;
  bool dirty_ = false;              // the draft may differ from our ballot in ZooKeeper
  bool returning_changed_ = false;  // the same, in what decides nothing
  bool scheduled_ = false;          // a Flush is posted
  std::unique_ptr<Timer> patience_;
  std::unique_ptr<Timer> gather_;
  std::unique_ptr<Timer> returning_;
  Pace pace_;
  std::unique_ptr<Timer> pace_end_;
  std::unique_ptr<Timer> retry_;          // while Pausing
  std::unique_ptr<zk::NodeWatcher> own_;  // except while Disabled, Pausing or Withdrawn
  Backoff backoff_;
  Lifetime attempt_;  // answers from before Disable or a pause no longer matter
  Lifetime lifetime_;
};

}  // namespace zkcluster
