// The board that a decision starts from: the rows as they are read, brought to the spec's list of
// shards. Rows of an older list are carried over where that list is known; what no row says, the
// mirror for Go clients may say, by address; the rest is lost. Where Go checkers have decided since
// the head was written, the mirror goes before the rows. Conclude (round.h) starts from it; the
// leader and zkctl make it by this one function. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/board.h"
#include "model/known_lists.h"

namespace zkcluster {

struct CarriedBoard {
  // Rows that cannot be read (or all, when the head is of a list nobody here has seen), and that
  // the mirror does not have either, are ShardState::lost(), with no `since`. Clients may still know
  // them, and a commit marks them as lost for new clients.
  StatusBoard board;
  // Lost rows for which no mirror is kept. Any status may have been theirs, so only a quorum may
  // decide what they are now.
  std::size_t unmirrored = 0;
  // Some rows are not those of the head, but the mirror's or lost: what is decided on them may not
  // have an earlier date than any row that can be read, which is `newest_since`.
  bool from_elsewhere = false;
  Micros newest_since{0};
};

// The status as it is in ZooKeeper, decoded.
struct BoardFacts {
  const StatusBoard& rows;           // in the order of the head's list, kLostRow where unreadable
  std::optional<std::int64_t> list;  // shards_zxid of the head's list; nothing: no head to be read
  bool decided = true;               // head or chunks exist, readable or not
  // Go checkers have decided since the head was written (IsDecidedByGo, codec/board_reader.h): what
  // the mirror says of a shard replaces its row.
  bool go_decided = false;
  // Both are asked only where rows are lost, or Go checkers decided.
  std::function<std::optional<Mirror>()> mirror;  // nothing: absent or unreadable
  std::function<Micros()> newest_since;           // of all rows that can be read
};

[[nodiscard]] CarriedBoard CarryBoard(const BoardFacts& facts, const KnownLists& lists,
                                      const std::vector<ShardSpec>& shards,
                                      std::int64_t shards_zxid);

}  // namespace zkcluster
