// Publishes this checker's ballot in one cluster and keeps it true: all changes of one moment go out in one
// write, what could not be written is written after the reconnect, and a ballot that somebody removed or
// overwrote is asserted again. Until every shard was probed once (or `kFirstBallotPatience` has passed)
// nothing is published: silence is not a vote.
// Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "model/ballot.h"
#include "model/paths.h"
#include "zk/client.h"
#include "zk/watcher.h"

namespace zkcluster {

class Voter {
 public:
  Voter(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths, std::string id);
  ~Voter();

  // The list that votes refer to from now on. `votes` are the opinions there are already; `patience` how
  // long to wait for the missing ones before publishing without them.
  void SetSpec(SpecId spec, std::vector<Vote> votes, Duration patience);
  void SetVote(std::size_t shard, Vote vote);  // REQUIRES: within the list

  // The id is ours (again), or not.
  void Enable();
  void Disable();

  // What withdraws the ballot, for Contender::Leave. Nothing more is written afterwards.
  [[nodiscard]] std::vector<zk::Op> Withdraw();

  [[nodiscard]] bool published() const { return published_; }  // the newest ballot stands

 private:
  void Schedule();
  void Flush();
  void Write();
  void Create();
  void Reclaim();
  void OnOwnNode(const std::optional<zk::Node>& node);
  void Failed(const Error& error, std::string_view doing);
  [[nodiscard]] bool Complete() const;

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  const std::string path_;

  bool enabled_ = false;
  bool withdrawn_ = false;
  bool have_spec_ = false;
  bool released_ = false;   // the first ballot may go out
  bool scheduled_ = false;
  bool writing_ = false;
  bool dirty_ = false;      // votes differ from what was written
  bool published_ = false;
  Ballot ballot_;
  std::string written_;     // bytes of the last write
  std::optional<zk::Version> version_;  // of our own ephemeral; nothing: not known to exist
  std::unique_ptr<Timer> patience_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<zk::NodeWatcher> own_;
  Backoff backoff_;
  Lifetime attempt_;  // answers from before Disable no longer matter
  Lifetime lifetime_;
};

}  // namespace zkcluster
