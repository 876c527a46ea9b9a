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
