// What the leader writes, as it stands in ZooKeeper: head, chunks, ledger and mirror with their
// versions. Read once when a leadership begins, then kept up by the leader's own commits (nobody
// else may write there: a version that differs is a reason to read again). Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "base/log.h"
#include "codec/codec.h"
#include "follow/spec_watcher.h"
#include "model/board.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

// The last few lists of shards this checker has seen, by SpecId::shards_zxid: a board written for
// an older list can be carried over only by somebody who knows that list.
class KnownLists {
 public:
  void Add(std::int64_t shards_zxid, std::vector<ShardSpec> shards);
  [[nodiscard]] const std::vector<ShardSpec>* Find(std::int64_t shards_zxid) const;

 private:
  static constexpr std::size_t kKept = 8;
  std::vector<std::pair<std::int64_t, std::vector<ShardSpec>>> lists_;
};

class StatusStore {
 public:
  struct Slot {
    std::optional<zk::Version> version;  // nothing: absent
    std::string data;
    bool operator==(const Slot&) const = default;
  };

  StatusStore(Logger& logger, zk::Client& client, ClusterPaths paths);

  // Reads everything; `done` runs once. A new Load drops an earlier one.
  void Load(std::function<void(Result<void>)> done);
  [[nodiscard]] bool loaded() const { return loaded_; }
  void Forget() { loaded_ = false; }

  struct CarriedBoard {
    // Rows that cannot be read (or all, when the head is of a list nobody here has seen), and that
    // the mirror does not tell either, are ShardState::lost(), with no `since`. Clients may know
    // them still, and a commit tells new clients that nobody does.
    StatusBoard board;
    // So many of these because no mirror is kept: they may be anything, and are for a quorum.
    std::size_t unmirrored = 0;
    // Some rows are not those of the head, told by the mirror or lost: what is decided on them may
    // not look older than any row that can be read.
    bool anew = false;
  };
  // The board for `spec`: carried over from the list the head refers to, where that list is known;
  // else, and where there is no head yet (Go checkers ran the cluster), from the mirror, by
  // address. Carried once for what stands, however often it is asked for; valid until the next
  // Load, Adopt or BoardFor.
  [[nodiscard]] const CarriedBoard& BoardFor(const StoredSpec& spec, const KnownLists& lists) const;

  // Of all shards of the head's list; 0: none was ever decided.
  [[nodiscard]] Micros NewestSince() const;

  // Nothing: absent or undecodable.
  [[nodiscard]] const std::optional<Head>& head() const { return head_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

  Slot head_slot;
  Slot ledger_slot;
  Slot mirror_slot;
  std::vector<Slot> chunk_slots;

  // After a commit: what the slots' data mean now. Every chunk stands as EncodeChunk makes it.
  void Adopt(Head head, Ledger ledger, StatusBoard board);
  // Our last commit left these very rows in chunk k. (What was read may be written otherwise.)
  [[nodiscard]] bool Wrote(const StatusBoard& board, std::size_t k) const;
  // The chunks are those of our last commit, not yet read again.
  [[nodiscard]] bool written() const { return written_; }

 private:
  void OnChunkNames(Result<std::vector<std::string>> names);
  void Read(const std::string& path, Slot& slot);
  void Finish();
  void Decode();
  bool DecodeLedgerSlot();
  [[nodiscard]] int MostVoters() const;
  void DecodeRows(const std::optional<Head>& last_head, const StatusBoard& last_board);
  [[nodiscard]] CarriedBoard Carry(const StoredSpec& spec,
                                   const std::vector<ShardSpec>* list) const;
  void FindInMirror(const std::vector<ShardSpec>& shards, CarriedBoard& carried) const;
  void Complain(const std::string& path, const Error& error);

  Logger& logger_;
  zk::Client& client_;
  const ClusterPaths paths_;
  bool loaded_ = false;
  bool written_ = false;  // the chunks are those of our last commit
  std::size_t pending_ = 0;
  std::optional<Error> failure_;
  std::function<void(Result<void>)> done_;
  std::optional<Head> head_;
  StatusBoard board_;  // in the order of the head's list
  struct Carried {
    std::int64_t shards_zxid;  // of the list it is for
    bool knows_list;           // the head's
    CarriedBoard carried;
  };
  mutable std::optional<Carried> carried_;  // what BoardFor told last, while all it is of stands
  Ledger ledger_;
  bool knows_ledger_ = false;  // read or written by this leader: right, whatever is spoilt now
  bool orders_lost_ = false;   // spoilt before that, and not told yet
  Lifetime load_;
};

}  // namespace zkcluster
