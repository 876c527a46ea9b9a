// What judges hand to each other and to whoever prints: violations, and what was in force when.
// Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/board.h"

namespace zkcluster::history {

struct Violation {
  std::string invariant;  // "quorum", "deposed" ...: the names are an interface, see the judges
  std::string cluster;
  std::int64_t zxid = 0;  // 0: of no transaction (a client's table)
  std::string text;       // what, with the numbers
  bool operator==(const Violation&) const = default;
};

// "[quorum] c zxid 0x1a: ..."
[[nodiscard]] std::string Describe(const Violation& violation);

// Keeps the first kKept, counts all: one fault may break something with every transaction.
class Verdicts {
 public:
  static constexpr std::size_t kKept = 1000;

  void Add(std::string_view invariant, std::string_view cluster, std::int64_t zxid,
           std::string text) {
    if (++count_ <= kKept) {
      list_.push_back({std::string(invariant), std::string(cluster), zxid, std::move(text)});
    }
  }
  [[nodiscard]] const std::vector<Violation>& list() const { return list_; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::vector<Violation> list_;
  std::size_t count_ = 0;
};

// A decodable spec, in force from `zxid` until the next one, or until bad bytes.
struct SpecRecord {
  SpecId id;
  std::shared_ptr<const ClusterSpec> spec;
  std::int64_t zxid = 0;
};

// A decision as clients can read it: head and chunks that belong together.
struct HeadRecord {
  std::int64_t zxid = 0;
  SpecId spec;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  std::string statuses;  // one letter a shard: A, D, ?, ~ for lost (clients keep what they know)
  std::vector<Micros> since;  // of each shard
  // Some chunk is undecodable, and clients keep what they had of its shards; or one was removed, so
  // that the version of its successor tells them nothing.
  bool damaged = false;
};

// One life of a cluster's znode.
struct IncarnationRecord {
  std::int64_t czxid = 0;
  std::vector<SpecRecord> specs;  // in the order in which they came into force
  std::vector<HeadRecord> heads;
  std::int64_t head_lost = 0;  // zxid: the last time that somebody removed or spoilt the head
  bool lost_chunk = false;     // somebody removed one, and the head was not made anew since
};

[[nodiscard]] constexpr char StatusLetter(ShardStatus status) {
  switch (status) {
    case ShardStatus::kAlive:
      return 'A';
    case ShardStatus::kDead:
      return 'D';
    case ShardStatus::kUnknown:
      return '?';
  }
  return '?';
}

// Of a row as it stands in ZooKeeper; '~': clients keep what they know of the shard.
[[nodiscard]] constexpr char RowLetter(const ShardState& row) {
  return row.lost() ? '~' : StatusLetter(row.status);
}

}  // namespace zkcluster::history
