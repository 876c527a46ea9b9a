#include "codec/board_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "codec/codec.h"

namespace zkcluster {
namespace {

Failure<> AbsentZnode() {
  return Fail(ErrorCode::kNotFound, "missing");
}

// Of chunk k.
std::size_t RowCount(const Head& head, std::size_t k) {
  return std::min(kChunkShards, head.shards - k * kChunkShards);
}

}  // namespace

std::optional<Error> BoardReader::TakeHead(Bytes bytes) {
  head_.reset();
  auto head = bytes ? DecodeHead(*bytes) : Result<Head>(AbsentZnode());
  if (!head) return head.error();
  head_ = *std::move(head);
  chunks_.erase(chunks_.lower_bound(head_->chunks.size()), chunks_.end());
  return std::nullopt;
}

std::optional<Error> BoardReader::TakeChunk(std::size_t k, Bytes bytes) {
  ZKC_CHECK(head_ && k < head_->chunks.size());  // a chunk past the end has no rows
  Chunk& chunk = chunks_[k] = {head_->spec, head_->chunks[k], std::nullopt};
  auto rows = bytes ? DecodeChunk(*bytes) : Result<std::vector<ShardState>>(AbsentZnode());
  if (!rows) return rows.error();
  const std::size_t count = RowCount(*head_, k);
  if (rows->size() != count) {
    return Error{ErrorCode::kBadData,
                 "has " + std::to_string(rows->size()) + " rows, not " + std::to_string(count)};
  }
  chunk.rows = *std::move(rows);
  return std::nullopt;
}

bool BoardReader::HasChunk(std::size_t k) const {
  const auto held = chunks_.find(k);
  return head_ && k < head_->chunks.size() && held != chunks_.end() &&
         held->second.version == head_->chunks[k] && held->second.spec == head_->spec;
}

const std::vector<ShardState>* BoardReader::Rows(std::size_t k) const {
  if (!HasChunk(k)) return nullptr;
  const auto& rows = chunks_.at(k).rows;
  return rows ? &*rows : nullptr;
}

StatusBoard BoardReader::Board() const {
  ZKC_CHECK(head_.has_value());  // only a head says how many rows there are
  StatusBoard board{std::vector<ShardState>(head_->shards, kLostRow)};
  for (std::size_t k = 0; k < head_->chunks.size(); ++k) {
    const auto* const rows = Rows(k);
    if (rows == nullptr) continue;
    std::ranges::copy(*rows, board.shards.begin() + static_cast<std::ptrdiff_t>(k * kChunkShards));
  }
  return board;
}

Result<Mirror> BoardReader::ReadMirror(Bytes bytes) {
  if (!bytes) return AbsentZnode();
  return DecodeMirror(*bytes);
}

}  // namespace zkcluster
