// Follows spec and board of one cluster: watches `head`, re-reads the chunks that changed, and
// reports the newest board that was decided as a whole, in the order of the newest good spec.
// Where there is no head (Go checkers run the cluster, or nobody does) it follows the Go `status`,
// as it does where Go checkers have decided since the head was written (IsDecidedByGo).
// It never goes back to an older board, and keeps the last one while ZooKeeper is away.
// StatusWatcher makes routing tables from its boards.
//
// The status needs only the watch on `head`. The three znodes of the spec are watched as well, so
// that an operator's change reaches programs while no checker is alive to write a head; and the
// stat of `localstatus`, which Go checkers write as they register, for the case that no leader of
// ours is there to remove the head. Loop-bound conductor.
#pragma once

#include <zkcluster/spec.h>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/loop.h"
#include "model/board.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

class BoardWatcher {
 public:
  // What is known, all of one cluster. The references hold during the call.
  struct View {
    const ClusterSpec& spec;
    const StatusBoard& board;      // in the order of `spec`
    std::int64_t incarnation = 0;  // see StoredSpec
    std::int64_t epoch = 0;        // 0: from a Go status, or none decided
    std::int64_t sequence = 0;
  };
  // Neither may destroy the watcher.
  struct Callbacks {
    // Spec, board or their source may have changed. The first call comes when the head or the mirror
    // has been read, or when both are known to be absent.
    std::function<void(const View&)> changed;
    // kNotFound: no such cluster; kBadData: undecodable.
    std::function<void(const Error&)> troubled;
  };
  struct Counters {
    std::uint64_t bad_payloads = 0;
    std::uint64_t chunk_reads = 0;
  };

  BoardWatcher(Loop& loop, zk::Client& client, ClusterPaths paths, Callbacks callbacks);
  ~BoardWatcher();

  [[nodiscard]] const Counters& counters() const { return counters_; }
  // A good spec of the cluster has been seen, and no end of that cluster since.
  [[nodiscard]] bool has_spec() const;

 private:
  struct Impl;
  Counters counters_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
