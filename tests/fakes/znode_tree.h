// The replicated state of an ensemble: znodes with the versions, counters and rules of ZooKeeper's
// own DataTree, changed by one transaction at a time. It can be read as it was after any
// transaction since the last Forget: servers that lag share one tree, each with its own view of it.
// It knows nothing of sessions beyond their ids, nor of watches beyond naming what they would have
// seen. The cost of no operation grows with the tree. Pure, given the wall clock.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "zk/client.h"

namespace zkcluster::sim {

// What ZooKeeper (server and C client alike) accepts as a path. A sequential one may end in '/'.
[[nodiscard]] bool ValidPath(const std::string& path, bool sequential = false);
[[nodiscard]] bool IsEphemeral(zk::CreateMode mode);
[[nodiscard]] bool IsSequential(zk::CreateMode mode);
// "/a/b" -> "/a"; "/a" -> "/". REQUIRES: valid, not "/".
[[nodiscard]] std::string ParentOf(const std::string& path);

// The session of the ephemerals that a test makes itself (FakeEnsemble::PutEphemeral).
inline constexpr std::int64_t kOutsiderSession = 0x0f00000000000001;

// One committed transaction, as the log of the ensemble has it.
struct Transaction {
  std::int64_t zxid = 0;
  TimePoint time{};
  Micros stamp{0};              // by the ensemble's wall clock, as in Stat::modified
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
  ZnodeTree(const ZnodeTree&) = delete;
  ZnodeTree& operator=(const ZnodeTree&) = delete;

  static constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();

  struct Applied {
    Transaction transaction;
    std::vector<zk::Stat> stats;  // after each SetOp or CreateOp; default for others
    std::vector<Trigger> triggers;
  };
  // The client of a request: the identities that are checked against lists of permissions, and the
  // list for new znodes. Null: a client that may do anything, and whose znodes are open to all.
  struct Asker {
    std::vector<std::string> ids;  // as DigestId makes them
    AclFunction acl;
  };
  // Applies all operations or none. Errors as in zk::Client, with OpError::failed_op. `received`:
  // the newest transaction when the leading server received this one; it matters for sequence
  // numbers at their maximum.
  Result<Applied, zk::OpError> Apply(std::vector<zk::Op> ops, std::int64_t session_id,
                                     Micros wall_now, std::int64_t received = kNewest,
                                     const Asker* asker = nullptr);
  Result<Applied, zk::OpError> ResetAcl(const std::string& path, std::int64_t session_id,
                                        const Asker& asker);
  // Removes every ephemeral of the session, in one transaction.
  Applied EndSession(std::int64_t session_id, Micros wall_now);

  // As after the transaction `view`. REQUIRES: not forgotten.
  [[nodiscard]] std::optional<zk::Node> Get(const std::string& path,
                                            std::int64_t view = kNewest) const;
  [[nodiscard]] std::optional<zk::Stat> Exists(const std::string& path,
                                               std::int64_t view = kNewest) const;
  // Sorted.
  [[nodiscard]] std::optional<std::vector<std::string>> Children(const std::string& path,
                                                                 std::int64_t view = kNewest) const;
  // True where there is no such znode.
  [[nodiscard]] bool MayRead(const Asker& asker, const std::string& path,
                             std::int64_t view = kNewest) const;
  // States before `view` are not needed any more.
  void Forget(std::int64_t view);

  [[nodiscard]] std::int64_t zxid() const { return zxid_; }
  // The number that the next sequential child of `parent` gets. No transaction: true of every view.
  // REQUIRES: it exists.
  void SetSequence(const std::string& parent, std::int32_t next);

 private:
  struct State {
    bool exists = false;
    std::shared_ptr<const std::string> data;
    std::shared_ptr<const Acl> acl;  // null: anyone may do anything
    zk::Stat stat;                   // but for children_version, which follows from the counts
    std::int32_t creates = 0;        // children ever created: the counter of sequential names
    // The same as the leading server gives it to what it receives before `last_create` is
    // committed: beyond the maximum the two differ.
    std::int32_t next = 0;
    std::int64_t last_create = 0;
  };
  struct Past {
    std::int64_t until;  // the transaction that ended it
    State state;
  };
  struct Entry {
    const std::string* path = nullptr;  // the key of nodes_
    Entry* parent = nullptr;
    State now;
    std::vector<Past> past;                  // oldest first
    std::map<std::string, Entry*> children;  // by name, in any state that is kept
  };
  struct Changed {
    std::int64_t zxid;
    std::vector<Entry*> entries;
  };
  struct Work;

  [[nodiscard]] const State* Find(const std::string& path, std::int64_t view) const;
  [[nodiscard]] static const State& At(const Entry& entry, std::int64_t view);
  [[nodiscard]] static zk::Stat StatOf(const State& state);
  [[nodiscard]] Entry* FindNow(const std::string& path);
  // The state to change in the transaction under way; the previous one is kept.
  State& Change(Entry& entry);
  // Drops entries that exist in no kept state.
  void Release(std::vector<Entry*> entries);
  void Undo();
  [[nodiscard]] Applied Finish(Applied applied, std::int64_t session_id);

  Result<void> ApplyOne(zk::CheckOp op, Work& work);
  Result<void> ApplyOne(zk::CreateOp op, Work& work);
  Result<void> ApplyOne(zk::SetOp op, Work& work);
  Result<void> ApplyOne(zk::DeleteOp op, Work& work);

  std::unordered_map<std::string, Entry> nodes_;              // only searched by key, never walked
  std::map<std::int64_t, std::set<std::string>> ephemerals_;  // of the newest view, by session
  std::vector<Entry*> changing_;                              // by the transaction under way
  std::deque<Changed> changed_;                               // what Forget may let go
  std::int64_t zxid_ = 0;
};

}  // namespace zkcluster::sim
