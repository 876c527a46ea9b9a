// The replicated state of an ensemble: znodes with the versions, counters and rules of ZooKeeper's
// own DataTree, changed by one transaction at a time. It knows nothing of sessions beyond their
// ids, nor of watches beyond naming what they would have seen. Pure, given the wall clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "zk/client.h"

namespace zkcluster::sim {

// What ZooKeeper (server and C client alike) accepts as a path. A sequential one may end in '/'.
[[nodiscard]] bool ValidPath(const std::string& path, bool sequential = false);
[[nodiscard]] bool IsEphemeral(zk::CreateMode mode);
[[nodiscard]] bool IsSequential(zk::CreateMode mode);
// "/a/b" -> "/a"; "/a" -> "/". REQUIRES: valid, not "/".
[[nodiscard]] std::string ParentOf(const std::string& path);

// One committed transaction, as the log of the ensemble has it.
struct Transaction {
  std::int64_t zxid = 0;
  TimePoint time{};
  std::int64_t session_id = 0;  // 0: the outside operator
  bool ends_session = false;    // closed or expired; the ops remove its ephemerals
  std::vector<zk::Op> ops;      // creates under the path they got
  std::vector<zk::OpResult> results;
};

// What a transaction did, in the terms of watches.
struct Trigger {
  zk::WatchKind kind;
  std::string path;
};

class ZnodeTree {
 public:
  ZnodeTree();

  struct Applied {
    Transaction transaction;
    std::vector<zk::Stat> stats;  // after each SetOp or CreateOp; default for others
    std::vector<Trigger> triggers;
  };
  // All or nothing. Errors as in zk::Client, with Error::op_index.
  Result<Applied> Apply(const std::vector<zk::Op>& ops, std::int64_t session_id, Micros wall_now);
  // Removes every ephemeral of the session, in one transaction.
  Applied EndSession(std::int64_t session_id, Micros wall_now);

  [[nodiscard]] std::optional<zk::Node> Get(const std::string& path) const;
  [[nodiscard]] std::optional<std::vector<std::string>> Children(const std::string& path) const;
  [[nodiscard]] std::int64_t zxid() const { return zxid_; }
  // The number that the next sequential child of `parent` gets. REQUIRES: it exists.
  void SetSequence(const std::string& parent, std::int32_t next);

 private:
  struct Znode {
    std::string data;
    zk::Stat stat;  // but for children_version and num_children, which follow from the two below
    std::set<std::string> children;
    std::int32_t creates = 0;  // children ever created: the counter of sequential names
  };
  using Nodes = std::map<std::string, Znode>;

  // The nodes before a transaction, for those it touches, to put back when a later operation fails.
  using Undo = std::map<std::string, std::optional<Znode>>;
  struct Work {
    Undo undo;
    Applied applied;
  };

  Znode* Touch(const std::string& path, Undo& undo);
  Result<void> ApplyOne(const zk::CheckOp& op, std::int64_t session_id, Micros wall_now,
                        Work& work);
  Result<void> ApplyOne(const zk::CreateOp& op, std::int64_t session_id, Micros wall_now,
                        Work& work);
  Result<void> ApplyOne(const zk::SetOp& op, std::int64_t session_id, Micros wall_now, Work& work);
  Result<void> ApplyOne(const zk::DeleteOp& op, std::int64_t session_id, Micros wall_now,
                        Work& work);
  [[nodiscard]] static zk::Stat StatOf(const Znode& node);

  Nodes nodes_;
  std::int64_t zxid_ = 0;
};

}  // namespace zkcluster::sim
