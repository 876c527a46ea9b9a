// Judges the routing tables that clients take, against the heads that a HistoryJudge has seen.
//
// [older_table]  Within one incarnation a client never goes back to an earlier decision or to an
//                earlier spec, and its generations grow. Its table shows the rows of the head with
//                its epoch and sequence, carried over to its own spec by name and address: a shard
//                in both lists has the status of the row (or unknown, when another list came in
//                between), any other shard is unknown. A table without a decision (epoch 0: from a
//                Go status, or nothing is decided) is judged by its length. It never follows a
//                table with a decision, unless the head was removed or corrupted since then.
//                A shard with a lost row keeps the status that the client knew. So does a shard in
//                both lists when the spec changes and nothing new was decided.
//                Since is that of the row, where the table has it and the row is not lost.
//
// The statuses of some heads are not judged: for an undecodable chunk a client keeps what it had,
// and after a chunk was removed, the version of its successor (0 again) is meaningless until the
// head is a new znode. Pure apart from its own state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/history_judge.h"

namespace zkcluster::history {

struct ClientTable {
  std::string client;  // one process, from start to end
  std::string cluster;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  std::uint64_t spec_version = 0;
  std::uint64_t generation = 0;  // 0: not known
  std::string statuses;          // one letter a shard, in the order of its spec: A, D, ?
  std::vector<Micros> since;     // of each shard; empty: not known
  // Of each shard; empty: not known. Writers other than ours may use a version twice.
  std::vector<std::string> names = {};
};

class TableJudge {
 public:
  // `history` must keep heads, outlive the judge, and observe each transaction before this judge
  // observes a table that shows it.
  explicit TableJudge(const HistoryJudge& history) : history_(history) {}

  // Call it with each client's tables in the order in which the client took them.
  void Observe(const ClientTable& table);

  [[nodiscard]] const std::vector<Violation>& violations() const { return verdicts_.list(); }
  [[nodiscard]] std::uint64_t tables() const { return tables_; }
  [[nodiscard]] const ExcuseCounts& excuses() const { return excuses_; }

 private:
  // How far a client has come, as positions in the records.
  struct Position {
    std::size_t incarnation = 0;
    std::size_t spec = 0;
    std::size_t head = 0;
    bool decided = false;
    std::uint64_t generation = 0;
    std::uint64_t spec_version = 0;  // of the last table
    std::string statuses;            // likewise
  };

  // Moves `from` to the first position at or after it that the table fits. `needed`: the excuses
  // that this needs.
  [[nodiscard]] bool FindIn(const IncarnationRecord& record, const ClientTable& table,
                            Position& from, ExcuseCounts& needed) const;
  [[nodiscard]] bool Find(const ClientTable& table, Position& from, ExcuseCounts& needed) const;
  // The first shard whose status the client forgot although its row is only lost.
  [[nodiscard]] std::optional<std::size_t> FindForgotten(const ClientTable& table,
                                                         const Position& before,
                                                         const Position& now) const;
  // The first shard in both specs whose status the client forgot although nothing was decided
  // since. Only for tables that follow each other: tables in between may have been missed.
  [[nodiscard]] std::optional<std::size_t> FindDropped(const ClientTable& table,
                                                       const Position& before,
                                                       const Position& now) const;

  const HistoryJudge& history_;
  Verdicts verdicts_;
  std::map<std::pair<std::string, std::string>, Position> positions_;  // by client and cluster
  std::uint64_t tables_ = 0;
  ExcuseCounts excuses_;
};

}  // namespace zkcluster::history
