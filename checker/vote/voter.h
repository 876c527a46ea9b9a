// Publishes this checker's ballot in one cluster and keeps it true: all changes of one moment go
// out in one write, what could not be written is written after the reconnect, and a ballot that
// somebody removed or overwrote is asserted again. Until every server was probed once (or a patience
// has passed) nothing is published: silence is not a vote.
//
//   Disabled --Enable--> watching the own znode --absent--> creating --> written
//   watching --present but of another session: a ghost of ours--> deleting --> creating
//   written --votes changed, or somebody wrote--> setting --> written
//   written --somebody removed it--> creating
//   creating, setting or deleting --failed--> watching, after a pause
//   any --Disable--> Disabled          any --Withdraw--> Disabled for good
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
#include "checker/rules/pace.h"
#include "model/ballot.h"
#include "model/paths.h"
#include "zk/client.h"
#include "zk/watcher.h"

namespace zkcluster {

class Voter {
 public:
  // First opinions on new shards are gathered this long, so that a start is a few writes and not
  // one per shard. Any other change goes out with the turn of the loop that brought it.
  static constexpr Duration kGather = std::chrono::milliseconds(100);

  Voter(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths, std::string id,
        std::string rack);
  ~Voter();

  // The list that votes refer to from now on. `votes` are the opinions there are already;
  // `patience` is how long the very first ballot waits for the missing ones. A ballot that stands
  // already is rewritten at once: votes on an old list are not counted.
  void SetSpec(SpecId spec, std::vector<Vote> votes, Duration patience);
  void SetVote(std::size_t server, Vote vote);  // REQUIRES: within the list
  // What this checker thinks now, published or not, and how many hold each opinion.
  [[nodiscard]] const std::vector<Vote>& votes() const { return ballot_.votes; }
  [[nodiscard]] const OpinionCounts& opinions() const { return opinions_; }

  // The id is ours (again), as long as `candidate`, a path, stands; or not.
  void Enable(std::string candidate);
  void Disable();

  // What withdraws the ballot, for Contender::Leave. Nothing more is written afterwards.
  [[nodiscard]] std::vector<zk::Op> Withdraw();

  [[nodiscard]] bool published() const { return version_.has_value() && !dirty_; }
  // Since the ballot that stands was last written (or found); 0 where none does.
  [[nodiscard]] Duration age() const {
    return version_ ? loop_.Now() - written_at_ : Duration::zero();
  }

 private:
  void Watch();
  void Schedule();
  void Flush();
  void Create();
  void Set();
  [[nodiscard]] std::vector<zk::Op> Fenced(zk::Op op) const;
  void OnOwnNode(const std::optional<zk::Node>& node);
  void OnWritten(zk::Version version);
  void Failed(const Error& error, std::string_view doing);
  [[nodiscard]] bool Complete() const { return opinions_[Opinion::kNotProbed] == 0; }

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  const ClusterPaths paths_;
  const std::string id_;
  const std::string path_;
  std::string candidate_;  // while enabled

  bool enabled_ = false;
  bool withdrawn_ = false;
  bool released_ = false;  // the first ballot may go out
  bool scheduled_ = false;
  bool writing_ = false;
  bool dirty_ = false;       // votes differ from what stands
  std::size_t changes_ = 0;  // of votes, since the last write began
  std::size_t writing_changes_ = 0;
  Ballot ballot_;
  OpinionCounts opinions_;              // of the ballot's votes
  bool known_ = false;                  // whether the znode exists, and `version_`, are known
  std::optional<zk::Version> version_;  // of our own ephemeral; nothing: absent
  TimePoint written_at_{};              // while there is a version
  std::unique_ptr<Timer> patience_;
  std::unique_ptr<Timer> gather_;
  Pace pace_;
  std::unique_ptr<Timer> pace_end_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<zk::NodeWatcher> own_;
  Backoff backoff_;
  Lifetime attempt_;  // answers from before Disable no longer matter
  Lifetime lifetime_;
};

}  // namespace zkcluster
