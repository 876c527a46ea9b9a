// The status of one cluster as a shadow follows it: head, chunks and ledger, read as a program reads
// them, one watch each on head and ledger. It keeps the newest whole board and writes nothing. The
// leader's StatusStore is another thing: it knows the versions that a commit is made of. Owned by
// the Shadow. Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "checker/rules/carried_board.h"
#include "codec/board_reader.h"
#include "follow/spec_watcher.h"
#include "model/ledger.h"
#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class StatusCopy {
 public:
  StatusCopy(const ClusterScope& scope, std::function<void()> changed);

  // Head and ledger were read, and every chunk that the head names, in the version that it names.
  [[nodiscard]] bool whole() const;
  // Nothing is being read.
  [[nodiscard]] bool settled() const;

  // Of a whole copy:
  [[nodiscard]] const std::optional<Head>& head() const { return reader_.head(); }
  // False: it cannot be decoded, or was removed after decisions. Only the leader knows orders then.
  [[nodiscard]] bool knows_ledger() const;
  [[nodiscard]] const Ledger& ledger() const { return *ledger_; }
  // The board for `spec`. What only the mirror says is lost here.
  [[nodiscard]] CarriedBoard BoardFor(const StoredSpec& spec, const KnownLists& lists) const;

  // The head's znode; nothing: absent.
  [[nodiscard]] std::optional<zk::Stat> head_stat() const;

 private:
  void OnHead(const std::optional<zk::Node>& node);
  void OnLedger(const std::optional<zk::Node>& node);
  void ReadChunks();
  void OnChunk(std::size_t k, const Result<zk::Node>& node);
  [[nodiscard]] bool HasChunks() const;

  const ClusterScope scope_;
  const std::function<void()> changed_;
  BoardReader reader_;
  std::int64_t head_czxid_ = 0;
  std::optional<Ledger> ledger_;
  std::set<std::size_t> reading_;  // chunks
  Backoff backoff_;
  std::unique_ptr<Timer> retry_;
  zk::NodeWatcher head_node_;
  zk::NodeWatcher ledger_node_;
  Lifetime reads_;
};

}  // namespace zkcluster
