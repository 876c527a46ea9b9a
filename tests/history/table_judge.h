// Judges the routing tables that clients take, against the heads that a HistoryJudge has seen.
//
// [older_table]  Within one incarnation a client never goes back: neither to an earlier decision
//                nor to an earlier spec; its generations grow. What it takes is what the head of
//                its epoch and sequence stood for, carried over to its own spec by name and
//                address: equal on a shard both lists hold (or unknown, when another list came in
//                between), unknown on any other. A table without a decision (epoch 0: from a Go
//                status, or nothing decided) is judged by its length, and never follows one with a
//                decision, unless somebody removed or spoilt the head since that one.
//                A shard whose row is lost stays what the client knew it to be. So does one that
//                both lists hold when the spec changes and nothing new was decided.
//                Since is that of the row, where it is told and the row is not lost.
//
// Chunks that are undecodable leave a client with what it had, and of a chunk that some hand
// removed, its successor's version (0 again) tells nothing until the head is a new znode: the
// statuses of such heads are not judged. Pure but for its own state.
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
  std::uint64_t generation = 0;  // 0: not told
  std::string statuses;          // one letter a shard, in the order of its spec: A, D, ?
  std::vector<Micros> since;     // of each shard; empty: not told
};

class TableJudge {
 public:
  // `history` must keep heads, outlive the judge, and have observed whatever a table shows before
  // that is observed.
  explicit TableJudge(const HistoryJudge& history) : history_(history) {}

  // Each client's tables in the order it took them.
  void Observe(const ClientTable& table);

  [[nodiscard]] const std::vector<Violation>& violations() const { return verdicts_.list(); }
  [[nodiscard]] std::uint64_t tables() const { return tables_; }
  [[nodiscard]] const ExcuseCounts& excuses() const { return excuses_; }

 private:
  // How far a client has come: places in the records.
  struct Position {
    std::size_t incarnation = 0;
    std::size_t spec = 0;
    std::size_t head = 0;
    bool decided = false;
    std::uint64_t generation = 0;
    std::uint64_t spec_version = 0;  // of the last table
    std::string statuses;            // likewise
  };

  // The earliest place, from `from` on, that the table fits.
  // `needed`: the excuses that it fits by.
  [[nodiscard]] bool FindIn(const IncarnationRecord& record, const ClientTable& table,
                            Position& from, ExcuseCounts& needed) const;
  [[nodiscard]] bool Find(const ClientTable& table, Position& from, ExcuseCounts& needed) const;
  // The first shard that the client knew, and no longer does though its row is only lost.
  [[nodiscard]] std::optional<std::size_t> FindForgotten(const ClientTable& table,
                                                         const Position& before,
                                                         const Position& now) const;
  // The first shard of both specs that the client knew,
  // and no longer does though nothing was decided since. Of a program that is asked now and then
  // it is not known what came between two tables.
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
