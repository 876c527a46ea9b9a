// BoardReader: the bytes of head, chunks and mirror in; the head, the rows, and what is wrong with
// them out. The leader's StatusStore, a program's StatusWatcher and zkctl's Snapshot read the board
// by it. The caller knows which bytes to read and whether they belong together, and decides what it
// means that a row cannot be read. Rows are in the order of the head's list: CarryOver
// (model/board.h) brings them to another list, if KnownLists has the head's. Pure.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "model/board.h"

namespace zkcluster {

// Zxids that say whose the status is. 0: there is no such znode, or it is not known.
struct StatusStamps {
  std::int64_t head = 0;        // the last write of `head`
  std::int64_t mirror = 0;      // the last write of `status`
  std::int64_t go_born = 0;     // the creation of `localstatus`
  std::int64_t go_changed = 0;  // its last child that came or left
};
// Go checkers have been there since our head was written, and `status` was written since: what they
// decided holds, and the head is out of date. A leader of ours removes the head while Go checkers
// are registered; this is for the time when there is no such leader, and for what it leaves.
[[nodiscard]] constexpr bool IsDecidedByGo(const StatusStamps& stamps) {
  const bool go_came = stamps.go_changed != stamps.go_born && stamps.go_changed > stamps.head;
  return stamps.head != 0 && go_came && stamps.mirror > stamps.head;
}

class BoardReader {
 public:
  using Bytes = std::optional<std::string_view>;  // nothing: there is no such znode

  // What is wrong with it: kNotFound where it is absent, else kBadData. Then there is no head.
  // Chunks that were taken before stay, for a later head may name the same versions.
  std::optional<Error> TakeHead(Bytes bytes);
  // Chunk k, in the version that the head names; what is wrong with it, as above. Then its rows are
  // lost to this reader. REQUIRES: a head, and k < ChunkCount(head()->shards).
  std::optional<Error> TakeChunk(std::size_t k, Bytes bytes);

  // Nothing: none was taken, or the last could not be used.
  [[nodiscard]] const std::optional<Head>& head() const { return head_; }
  // Chunk k was taken, in the version and for the list that the head names, usable or not.
  [[nodiscard]] bool HasChunk(std::size_t k) const;
  // Its rows; nothing: it was not taken, or could not be used. REQUIRES: a head.
  [[nodiscard]] const std::vector<ShardState>* Rows(std::size_t k) const;
  // All rows; kLostRow where there is nothing to read them from. REQUIRES: a head.
  [[nodiscard]] StatusBoard Board() const;

  // The mirror says of every list what it says of its addresses (FromMirror, model/board.h), and
  // needs no head. Errors as above.
  [[nodiscard]] static Result<Mirror> ReadMirror(Bytes bytes);

 private:
  struct Chunk {
    SpecId spec;
    std::int32_t version = 0;
    std::optional<std::vector<ShardState>> rows;  // nothing: it cannot be used
  };
  std::optional<Head> head_;
  std::map<std::size_t, Chunk> chunks_;
};

}  // namespace zkcluster
