// What the judges share with each other and with the code that prints: violations, and which specs
// and heads were in force at what time. Pure.
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
  std::int64_t zxid = 0;  // 0: not a transaction (a client's table)
  std::string text;       // what is wrong, with numbers
  bool operator==(const Violation&) const = default;
};

// "[quorum] c zxid 0x1a: ..."
[[nodiscard]] std::string Describe(const Violation& violation);

// Keeps the first kKept and counts all: one fault may cause a violation with every transaction.
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
  bool from_one_write = true;  // all its znodes
};

// A decision as clients can read it: head and chunks that belong together.
struct HeadRecord {
  std::int64_t zxid = 0;
  SpecId spec;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  std::string statuses;  // one letter a shard: A, D, ?, ~ for lost (clients keep what they know)
  std::vector<Micros> since;  // of each shard
  // A chunk is undecodable, and clients keep what they had for its shards; or a chunk was removed,
  // so that the version of its successor is meaningless.
  bool damaged = false;
};

// One life of a cluster's znode.
struct IncarnationRecord {
  std::int64_t czxid = 0;
  std::vector<SpecRecord> specs;  // in the order in which they came into force
  std::vector<HeadRecord> heads;
  std::int64_t head_lost = 0;  // the zxid at which the head was last removed or corrupted
  bool lost_chunk = false;     // a chunk was removed, and the head was not recreated since
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

// The letter of a row in ZooKeeper. '~': clients keep what they know of the shard.
[[nodiscard]] constexpr char RowLetter(const ShardState& row) {
  return row.lost() ? '~' : StatusLetter(row.status);
}

}  // namespace zkcluster::history
