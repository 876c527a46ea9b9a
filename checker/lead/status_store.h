// What the leader writes, as it is in ZooKeeper: head, chunks, ledger and mirror with their
// versions. Read whole once, then kept up by the leader's own commits. Nobody else may write there
// but operators, who write the ledger; a watch on each znode shows who does, and only what has
// moved is read again. Owned by the Leader, which calls Refresh while no commit is under way.
// Loop-bound conductor.
//
//   Unread --Refresh--> Reading --all answered--> Read
//   Reading, Rereading --an answer failed--> Unread (and Refresh waits for the backoff)
//   Read --Refresh, some znodes have moved--> Rereading --these answered--> Read
//   Rereading --one has come or gone--> Reading
//   Read --Committed--> Read
//   any --Forget--> Unread
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "checker/rules/carried_board.h"
#include "codec/board_reader.h"
#include "codec/codec.h"
#include "follow/spec_watcher.h"
#include "model/board.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

struct CommitPlan;

// One znode of the status.
struct SlotId {
  enum class Kind : unsigned char { kHead, kLedger, kMirror, kChunk };
  Kind kind = Kind::kHead;
  std::size_t chunk = 0;  // of kChunk
  bool operator==(const SlotId&) const = default;
};

class StatusStore {
 public:
  struct Slot {
    std::optional<zk::Version> version;  // nothing: absent
    std::string data;
    bool ours = false;       // a chunk: our last commit left it as EncodeChunk makes it
    Micros modified{0};      // the server's stamp; 0 after our own create
    std::int64_t mzxid = 0;  // as it was read; 0 after our own write
    bool operator==(const Slot&) const = default;
  };
  struct Callbacks {
    std::function<void()> changed;  // Refresh has something to do, or what it did is done
    // A parent is missing: a new candidacy makes it again. May destroy the store.
    std::function<void(std::string_view why)> gone;
  };

  StatusStore(const ClusterScope& scope, Callbacks callbacks);

  // Reads what is not known or has moved since, if anything. Not while a commit is under way, for
  // its own writes move them too.
  void Refresh();
  // Refresh reads everything again.
  void Forget();
  // A commit was refused because of this znode: Refresh reads it again, whatever its watch says.
  void Doubt(SlotId id);
  // What a commit has written is what is there now.
  void Committed(const CommitPlan& plan, const std::vector<zk::OpResult>& results);

  // Something was read, though perhaps some of it has moved since.
  [[nodiscard]] bool loaded() const {
    return state_ == State::kRead || state_ == State::kRereading;
  }
  // Nothing is being read.
  [[nodiscard]] bool ready() const { return state_ == State::kRead; }

  // The board for `spec` (see CarryBoard). Carried once for each state of the znodes, however often
  // it is asked for; valid until the next Refresh, Committed or BoardFor.
  [[nodiscard]] const CarriedBoard& BoardFor(const StoredSpec& spec, const KnownLists& lists) const;

  // Nothing: absent or undecodable.
  [[nodiscard]] const std::optional<Head>& head() const { return head_; }
  // Go checkers have decided since the head was written: programs follow the mirror until the head
  // is written again.
  [[nodiscard]] bool GoDecided() const;
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

  [[nodiscard]] const Slot& slot(SlotId id) const;  // absent: one without a version
  [[nodiscard]] std::size_t chunk_slots() const { return chunk_nodes_.size(); }
  // Our last commit left these very rows in chunk k. (What was read may be written otherwise.)
  [[nodiscard]] bool Wrote(const StatusBoard& board, std::size_t k) const;

 private:
  enum class State : unsigned char { kUnread, kReading, kRead, kRereading };
  struct Watched {
    std::string path;
    Slot slot;
    bool doubted = false;
    std::unique_ptr<zk::StatWatcher> watcher;
  };

  void Enter(State state);
  void Watch(Watched& node, std::string path);
  [[nodiscard]] static bool Moved(const Watched& node);
  Watched& At(SlotId id);  // a chunk that is not there yet is made
  [[nodiscard]] std::vector<Watched*> Nodes();
  void ReadAll();
  void OnChunkNames(Result<std::vector<std::string>> names);
  void Read(Watched& node);
  void ReadHeadStamp();
  void ReadGo();
  void Answered();
  void Finish();
  void Failed(const Error& error);
  void Decode();
  bool DecodeLedgerSlot();
  void DecodeLedgerOrMakeDo();
  [[nodiscard]] int MostVoters() const;
  void Remember(const BoardReader& reader, const StatusBoard& last_board);
  [[nodiscard]] Micros NewestSince() const;
  void Complain(const std::string& path, const Error& error);

  const ClusterScope scope_;
  const Callbacks callbacks_;
  State state_ = State::kUnread;
  Watched head_node_;
  Watched ledger_node_;
  Watched mirror_node_;
  std::deque<Watched> chunk_nodes_;
  std::optional<zk::Stat> go_;  // of `localstatus`, read together with the mirror

  // Of the read under way.
  std::size_t pending_ = 0;
  bool only_ledger_ = false;  // nothing else was asked for
  bool existence_changed_ = false;
  std::optional<Error> failure_;

  std::optional<Head> head_;
  StatusBoard board_;  // in the order of the head's list
  struct Carried {
    std::int64_t shards_zxid;  // of the list it is for
    bool knows_list;           // the head's
    CarriedBoard carried;
  };
  mutable std::optional<Carried> carried_;  // what BoardFor returned last, while it holds
  Ledger ledger_;
  // Whether `ledger_` holds what the last leader left: a ledger that this leader has read or
  // written stays authoritative even if the znode is corrupted later.
  enum class Orders : unsigned char { kNone, kLost, kKnown };
  Orders orders_ = Orders::kNone;
  std::unique_ptr<Timer> retry_;
  Backoff backoff_;
  Lifetime load_;
};

}  // namespace zkcluster
