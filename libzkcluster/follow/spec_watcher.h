// Follows the spec of one cluster as a whole: version, list and options that belong together, also
// while somebody changes them. Checkers and clients both use it.
//
// Our manager writes the three znodes in one transaction: values of one mzxid are taken at once. A
// Go manager writes them one after the other: values of several mzxids are taken when a second read
// shows that they were there at one moment. That moment may be between two of its writes; then the
// next write brings the rest. Loop-bound conductor.
#pragma once

#include <zkcluster/spec.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "model/board.h"
#include "model/paths.h"
#include "zk/watcher.h"

namespace zkcluster {

// A spec as read from ZooKeeper, with the versions that guard a write.
struct StoredSpec {
  ClusterSpec spec;
  // The czxid of the cluster's znode: another cluster of the same name has another one.
  std::int64_t incarnation = 0;
  SpecId id;
  zk::Version base_version = 0;  // data versions of the three znodes
  zk::Version shards_version = 0;
  zk::Version options_version = 0;
  // All three were last written by one transaction, as zkctl and Manager do.
  bool from_one_write = true;
  bool operator==(const StoredSpec&) const = default;
};

// The data versions of a cluster's three znodes as last read, good bytes or bad; nothing: absent.
struct SpecVersions {
  std::optional<zk::Version> base;
  std::optional<zk::Version> shards;
  std::optional<zk::Version> options;
  // The bytes are bad here because they are made for a newer zkcluster (see UnknownNeeds).
  bool newer = false;
  bool operator==(const SpecVersions&) const = default;
};

class SpecWatcher {
 public:
  enum class Trouble {
    kNone,
    kAbsent,  // there is no such cluster (any more)
    // Its znode is there, shards or options are not: a Go DeleteCluster stopped half-way.
    kIncomplete,
    kBad,  // undecodable, or it breaks a rule; `error` says which
  };
  struct State {
    // The last good one, or null. It stays while there is trouble other than kAbsent.
    std::shared_ptr<const StoredSpec> spec;
    // The versions behind this state. They differ from those in `spec` when that is only the
    // last good one.
    SpecVersions standing;
    Trouble trouble = Trouble::kNone;
    std::string error;  // for people, when there is trouble
    bool operator==(const State& other) const;
  };
  // Runs when the state is first known and whenever it differs. May destroy the watcher.
  using Changed = std::function<void(const State&)>;

  SpecWatcher(Loop& loop, zk::Client& client, ClusterPaths paths, Changed changed);

  [[nodiscard]] const State& state() const { return state_; }
  // Reads again soon. Called after a failed guard, because our values may be old.
  void Refresh();

 private:
  struct Verification;

  void Recompute();
  // Checks whether the three held values are all in ZooKeeper right now.
  void Verify();
  void Verified(const Verification& verification);
  void Judge();
  void Publish(State state);

  Loop& loop_;
  zk::Client& client_;
  ClusterPaths paths_;
  Changed changed_;
  State state_;
  bool published_ = false;
  std::uint64_t question_ = 0;  // answers to earlier verifications no longer matter
  Backoff backoff_;
  std::unique_ptr<Timer> retry_;
  std::unique_ptr<zk::NodeWatcher> base_;
  std::unique_ptr<zk::NodeWatcher> shards_;
  std::unique_ptr<zk::NodeWatcher> options_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
