// A cluster with decisions, written as a leader does: for the tests of readers of statuses.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/client_world.h"

namespace zkcluster::sim {

inline ShardState Alive(std::int64_t since = 1) {
  return {ShardStatus::kAlive, Micros(since), Reason::kNone, {3, 0, 0}};
}
inline ShardState Dead(std::int64_t since = 2) {
  return {ShardStatus::kDead, Micros(since), Reason::kRefused, {0, 3, 0}};
}

struct StatusWorld : ClientWorld {
  explicit StatusWorld(std::uint64_t seed = 1) : ClientWorld(seed) {}

  [[nodiscard]] SpecId IdNow() const {
    return {std::stoull(ensemble.Get(paths.base())->data),
            ensemble.Get(paths.shards())->stat.mzxid};
  }

  // One decision: the chunks that differ and the head, in one transaction.
  void Decide(const SpecId& id, const StatusBoard& board, std::int64_t epoch, std::int64_t sequence,
              bool with_mirror = false, const std::vector<ShardSpec>& shards = {}) {
    Head head;
    head.spec = id;
    head.epoch = epoch;
    head.sequence = sequence;
    head.leader = "c1";
    head.quorum = 2;
    head.electorate = 3;
    head.shards = board.shards.size();
    std::vector<zk::Op> ops;
    const auto write = [&](const std::string& path, const std::string& data) {
      const auto node = ensemble.Get(path);
      if (node) {
        ops.emplace_back(zk::SetOp{path, data, node->stat.version});
      } else {
        ops.emplace_back(zk::CreateOp{path, data});
      }
      return node ? node->stat.version + 1 : 0;
    };
    const bool same_list = last_id == id;
    for (std::size_t k = 0; k < ChunkCount(head.shards); ++k) {
      const std::string data = EncodeChunk(board, k);
      const auto node = ensemble.Get(paths.chunk(k));
      const bool keep = same_list && node && node->data == data;
      head.chunks.push_back(keep ? node->stat.version : write(paths.chunk(k), data));
    }
    last_id = id;
    write(paths.head(), EncodeHead(head));
    if (with_mirror) write(paths.mirror(), EncodeMirror(shards, board));
    Commit(ops);
  }
  SpecId last_id;
};

inline StatusBoard BoardOf(std::vector<ShardState> shards) {
  return StatusBoard{std::move(shards)};
}

}  // namespace zkcluster::sim
